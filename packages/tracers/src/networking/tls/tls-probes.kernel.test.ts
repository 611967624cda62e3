import assert from "node:assert/strict";
import { test } from "node:test";
import { compare, identityFolder, type LoggedTlsRequest, nodeProgram, traceTls } from "./testing/traced-tls.ts";

const identity = identityFolder();

for (const [kind, protocol, connections, requests] of [
  ["https", "http/1.1", 1, 20],
  ["https", "http/1.1", 40, 10],
  ["h2", "h2", 10, 40],
] as const) {
  test(`${connections} connections of ${protocol} between Node.js and Node.js are read, with the right ports`, async () => {
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
