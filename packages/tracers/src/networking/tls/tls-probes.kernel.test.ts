import assert from "node:assert/strict";
import { test } from "node:test";
import { RequestTracer } from "../request-tracer.ts";
import { compare, identityFolder, type LoggedTlsRequest, nodeProgram, traceTls } from "./testing/traced-tls.ts";

/** At once, of a test of many: fewer where the processor is emulated. */
const MANY = process.env["SKEP_EMULATED"] === "1" ? 10 : 40;

const identity = identityFolder();

for (const [kind, protocol, connections, requests] of [
  ["https", "http/1.1", 1, 20],
  ["https", "http/1.1", MANY, 10],
  ["h2", "h2", 10, 40],
] as const) {
  test(`${protocol} between Node.js and Node.js is read, with the right ports, over ${connections} at once`, async () => {
    await using server = nodeProgram("tls-server.mjs", kind, identity, "4");
    await using client = nodeProgram("tls-client.mjs", kind, `${connections}`, `${requests}`, await server.ready);
    await client.ready;
    let log: LoggedTlsRequest[] = [];
    const traced = await traceTls({ pids: [server.pid, client.pid] }, async () => {
      client.release();
      log = JSON.parse(await client.lastLine);
    });
    assert.equal(log.length, connections * requests);
    for (const side of ["client", "server"] as const) {
      const { missing, repeated, wrong, portsAbsent } = compare(traced.requests, log, side);
      assert.deepEqual({ side, missing, repeated, wrong }, { side, missing: [], repeated: [], wrong: [] });
      assert.equal(portsAbsent, 0, side);
    }
    assert.ok(traced.requests.every((request) => request.status === 200 && request.protocol === protocol));
    assert.ok(traced.requests.every(({ path, responseBytes }) => responseBytes === Number(path?.split("/").at(-1))));
    assert.deepEqual([traced.tls.conflicts, traced.tls.callsLost], [0, 0]);
  });
}

test("a file that a process comes upon too often is let go, and said to be", async () => {
  await using server = nodeProgram("tls-server.mjs", "https", identity, "1");
  await using client = nodeProgram("tls-client.mjs", "endless", "1", "1", await server.ready);
  await client.ready;
  await using tracer = await RequestTracer.start({
    pids: [server.pid, client.pid],
    tls: { maxHitsPerSecond: 10, intervalMs: 3_600_000 },
  });
  const stateOfNode = () => tracer.tls()?.files.find(({ path }) => path === process.execPath);
  assert.equal(stateOfNode()?.state, "attached");
  client.release();
  while (tracer.tls()?.tooBusy === 0) {
    await client.nextLine();
    await tracer.refreshTls();
  }
  assert.equal(stateOfNode()?.state, "too busy");
  assert.match(stateOfNode()?.problem ?? "", /^process \d+ came upon it \d+ times a second$/);
  const hits = tracer.tls()?.hits ?? 0;
  assert.ok(hits > 0);
  await client.nextLine();
  await client.nextLine();
  // Calls that were under way may have had their return to come.
  assert.ok((tracer.tls()?.hits ?? 0) - hits <= 4);
});

test("what is attached to is told, and nothing is where TLS is not wanted", async () => {
  await using tracer = await RequestTracer.start({});
  const file = tracer.tls()?.files.find(({ path }) => path === process.execPath);
  assert.equal(file?.library, "OpenSSL");
  assert.ok(file?.functions.includes("SSL_read") && file.functions.includes("SSL_write"));
  await using without = await RequestTracer.start({ tls: false });
  assert.equal(without.tls(), undefined);
});
