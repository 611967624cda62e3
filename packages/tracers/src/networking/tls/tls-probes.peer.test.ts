import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFileSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Workload } from "../../profiling/testing/workload.ts";
import type { HttpRequestEvent } from "../request-report.ts";
import { RequestTracer } from "../request-tracer.ts";
import { installedLibraries } from "./mapped-files.ts";
import {
  compare,
  identityFolder,
  type LoggedTlsRequest,
  nodeProgram,
  type TracedTls,
  traceTls,
} from "./testing/traced-tls.ts";

const identity = identityFolder();
const run = promisify(execFile);

const pythonPeers = fileURLToPath(new URL("testing/tls-peers.py", import.meta.url));

function python(...args: readonly string[]): Workload {
  // Debian's own: others bring other versions of OpenSSL.
  return new Workload("/usr/bin/python3", [pythonPeers, ...args]);
}

function debianLibssl(): string {
  return installedLibraries().find((path) => path.endsWith("/libssl.so.3")) ?? assert.fail("libssl.so.3 is installed");
}

/** All that the clients did, on both sides, with no port that is not theirs. */
function assertAllFound(
  { requests, tls }: Pick<TracedTls, "requests" | "tls">,
  log: readonly LoggedTlsRequest[],
): void {
  for (const side of ["client", "server"] as const) {
    const { missing, repeated, wrong, portsAbsent } = compare(requests, log, side);
    assert.deepEqual({ side, missing, repeated, wrong }, { side, missing: [], repeated: [], wrong: [] });
    // Absent is allowed, but not the rule.
    assert.ok(portsAbsent <= log.length / 100, `${portsAbsent} of ${log.length} without ports`);
  }
  assert.equal(tls.callsLost, 0);
}

for (const kind of ["threads", "asyncio"]) {
  test(`Python's ssl with ${kind} is read on both sides`, async () => {
    await using server = python("serve", kind, identity);
    await using client = python("ask", kind, "20", "10", `[${await server.ready}]`);
    await client.ready;
    let log: LoggedTlsRequest[] = [];
    const traced = await traceTls({ pids: [server.pid, client.pid] }, async () => {
      client.release();
      log = JSON.parse(await client.lastLine);
    });
    assert.equal(log.length, 200);
    assertAllFound(traced, log);
  });
}

test("of a program whose order of calls misleads no port is told, rather than another one's", async () => {
  await using server = nodeProgram("tls-server.mjs", "https", identity, "4");
  await using client = python("ask", "batch", "12", "10", await server.ready);
  await client.ready;
  let log: LoggedTlsRequest[] = [];
  const { requests, tls } = await traceTls({ pids: [server.pid, client.pid] }, async () => {
    client.release();
    log = JSON.parse(await client.lastLine);
  });
  assert.equal(log.length, 120);
  for (const side of ["client", "server"] as const) {
    const { missing, repeated, wrong, portsAbsent } = compare(requests, log, side);
    assert.deepEqual({ side, missing, repeated, wrong }, { side, missing: [], repeated: [], wrong: [] });
    assert.ok(side === "server" ? portsAbsent === 0 : portsAbsent > 0, `${side}: ${portsAbsent}`);
  }
  assert.ok(tls.conflicts > 0);
});

for (const [program, args] of [
  ["curl", ["--silent", "--insecure", "--output", "/dev/null", "--write-out", "%{local_port}"]],
  // By GnuTLS.
  ["wget", ["--quiet", "--no-check-certificate", "--output-document", "/dev/null"]],
] as const) {
  test(`${program} is read from its first request on, though it is started later`, async () => {
    await using server = nodeProgram("tls-server.mjs", "https", identity, "1");
    const [port] = JSON.parse(await server.ready);
    const ports: string[] = [];
    const traced = await traceTls({}, async () => {
      for (let index = 0; index < 5; index++) {
        const { stdout } = await run(program, [...args, `https://127.0.0.1:${port}/${program}-${index}/1000`]);
        ports.push(stdout);
      }
    });
    const ours = traced.requests.filter(({ path }) => path?.startsWith(`/${program}-`));
    const clients = ours.filter(({ side }) => side === "client");
    const servers = ours.filter(({ side }) => side === "server");
    assert.deepEqual(
      clients.map(({ path, status, peer, process }) => [path, status, peer?.port, process.name]),
      Array.from({ length: 5 }, (_, index) => [`/${program}-${index}/1000`, 200, port, program]),
    );
    if (program === "curl")
      assert.deepEqual(
        clients.map(({ local }) => `${local?.port}`),
        ports,
      );
    assert.deepEqual(
      servers.map(({ local, peer }) => [local?.port, peer?.port]),
      clients.map(({ local, peer }) => [peer?.port, local?.port]),
    );
  });
}

test("openssl's own client is read", async () => {
  await using server = nodeProgram("tls-server.mjs", "https", identity, "1");
  const [port] = JSON.parse(await server.ready);
  const { requests } = await traceTls({}, async () => {
    const ask = `printf 'GET /openssl-client/10 HTTP/1.0\\r\\n\\r\\n' | openssl s_client -quiet -connect "$0"`;
    await run("/bin/sh", ["-c", ask, `127.0.0.1:${port}`]);
  });
  const [client, ...more] = requests.filter(({ path, side }) => path === "/openssl-client/10" && side === "client");
  assert.equal(more.length, 0);
  assert.deepEqual([client?.process.name, client?.status, client?.peer?.port], ["openssl", 200, port]);
});

test("a library that came later is found, though its file is not there any more", async () => {
  const folder = mkdtempSync(join(tmpdir(), "skep-tls-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const library = join(folder, "libssl.so.3");
  copyFileSync(realpathSync(debianLibssl()), library);
  let log: LoggedTlsRequest[] = [];
  await using tracer = await RequestTracer.start({ ringBytes: 64 * 1024 * 1024 });
  const events = tracer.events({ capacity: 100_000 });
  await using server = python("serve", "threads", identity);
  await using client = new Workload("env", [
    `LD_LIBRARY_PATH=${folder}`,
    ...["/usr/bin/python3", pythonPeers, "ask", "threads", "5", "5", `[${await server.ready}]`],
  ]);
  await client.ready;
  rmSync(library);
  await tracer.refreshTls();
  const found = tracer.tls()?.files.find(({ path }) => path === library);
  assert.deepEqual([found?.state, found?.pid], ["attached", client.pid]);
  client.release();
  log = JSON.parse(await client.lastLine);
  const tls = tracer.tls() ?? assert.fail("TLS is traced");
  tracer.stop();
  const requests: HttpRequestEvent[] = [];
  for await (const event of events) if (event.kind === "http" && event.tls) requests.push(event);
  assert.equal(log.length, 25);
  assertAllFound({ requests, tls }, log);
});

test("200 connections at once to 8 peers of three kinds: each request with its ports", async () => {
  await using node = nodeProgram("tls-server.mjs", "https", identity, "4");
  await using threads = python("serve", "threads", identity);
  await using threadsToo = python("serve", "threads", identity);
  await using asyncio = python("serve", "asyncio", identity);
  await using asyncioToo = python("serve", "asyncio", identity);
  const servers = [node, threads, threadsToo, asyncio, asyncioToo];
  const ports = JSON.stringify(
    (await Promise.all(servers.map(({ ready }) => ready))).flatMap((line) => JSON.parse(line)),
  );
  await using fromNode = nodeProgram("tls-client.mjs", "https", "100", "6", ports);
  await using fromThreads = python("ask", "threads", "50", "6", ports);
  await using fromAsyncio = python("ask", "asyncio", "50", "6", ports);
  const clients = [fromNode, fromThreads, fromAsyncio];
  await Promise.all(clients.map(({ ready }) => ready));
  let log: LoggedTlsRequest[] = [];
  const traced = await traceTls({ pids: [...servers, ...clients].map(({ pid }) => pid) }, async () => {
    for (const client of clients) client.release();
    log = (await Promise.all(clients.map(({ lastLine }) => lastLine))).flatMap((line) => JSON.parse(line));
  });
  assert.equal(log.length, 1200);
  assertAllFound(traced, log);
});
