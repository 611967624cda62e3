import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Workload } from "../profiling/testing/workload.ts";
import { exactTest } from "../testing/exact-test.ts";
import { RequestTracer } from "./request-tracer.ts";
import {
  blockUntilExit,
  type LoggedRequest,
  logged,
  multiset,
  nothingMissing,
  program,
  sideOf,
  traced,
  tracedScenario,
} from "./testing/traced-requests.ts";
import { noDatagrams, sumTotals, type UdpTotals } from "./udp-flows.ts";

/** Requests of a test that makes many: fewer where the processor is emulated. */
const MANY = process.env["SKEP_EMULATED"] === "1" ? 200 : 1000;

/** However late it is read. */
const roomForAll = { ringBytes: 64 * 1024 * 1024 };

exactTest("requests and their answers are told by both sides", async () => {
  const { requests, log, report, server, client } = await tracedScenario("many", {
    args: [String(MANY), "16", "200000"],
    options: roomForAll,
  });
  nothingMissing(report);
  assert.equal(log.length, MANY);
  for (const [side, pid] of [
    ["server", server],
    ["client", client],
  ] as const) {
    const ours = sideOf(requests, side);
    assert.deepEqual(multiset(ours.map(logged)), multiset(log));
    assert.ok(ours.every((request) => request.process.pid === pid && request.outcome === "complete"));
    assert.ok(ours.every(({ durationNs }) => durationNs !== undefined && durationNs > 0));
  }
  const inReport = report.requests.reduce((sum, row) => sum + row.requests, 0);
  assert.equal(inReport + report.unattributedRequests, 2 * MANY);
});

exactTest("bodies of some MiB, with a length and in chunks, are measured to the byte", async () => {
  const sizes = [1_000_000, 5_242_880, 65_536, 3_000_000];
  const args = sizes.flatMap((size) => [`/size/${size}/200/a`, `/chunked/${size}/200/b`, `/size/5/200/${size}`]);
  const { requests, log, report } = await tracedScenario("paths", {
    args,
    options: roomForAll,
  });
  for (const side of ["server", "client"] as const) {
    assert.deepEqual(sideOf(requests, side).map(logged), log);
  }
  nothingMissing(report);
});

exactTest("a crowded ring costs sizes of bodies, not requests", async () => {
  const args = Array.from({ length: 20 }, (_, index) => [
    `/chunked/2000000/200/${index}`,
    `/size/5/201/${index}`,
  ]).flat();
  await using server = program("http-server.mjs");
  await using client = program("http-client.mjs", "paths", await server.ready, ...args);
  await client.ready;
  const { requests, report } = await traced({ pids: [server.pid, client.pid] }, async () => {
    client.release();
    blockUntilExit(client.pid);
    await client.lastLine;
  });
  const log: LoggedRequest[] = JSON.parse(await client.lastLine);
  const withoutSizes = (list: readonly LoggedRequest[]): unknown[] => list.map(([, path, status]) => [path, status]);
  for (const side of ["server", "client"] as const) {
    assert.deepEqual(withoutSizes(sideOf(requests, side).map(logged)), withoutSizes(log));
  }
  assert.ok(report.incomplete.bodiesLeftOut > 0);
  assert.equal(report.incomplete.payloadsLost, 0);
});

exactTest("many requests in one go are told apart, and in their order", async () => {
  const { requests, log, report } = await tracedScenario("pipelined");
  assert.equal(log.length, (32 * 33) / 2);
  for (const side of ["server", "client"] as const) assert.deepEqual(sideOf(requests, side).map(logged), log);
  nothingMissing(report);
});

exactTest("a head may be cut anywhere", async () => {
  const { requests, log, report } = await tracedScenario("split");
  assert.ok(log.length > 50);
  for (const side of ["server", "client"] as const) assert.deepEqual(sideOf(requests, side).map(logged), log);
  nothingMissing(report);
});

exactTest("requests that are given up say so, and get no status", async () => {
  const { requests, log } = await tracedScenario("aborted", { told: 6 });
  for (const side of ["server", "client"] as const) {
    const ours = sideOf(requests, side);
    assert.deepEqual(
      ours.map(({ method, path, status, outcome }) => [method, path, status ?? null, outcome]),
      log.map(([method, path]) => [method, path, null, "aborted"]),
    );
  }
});

exactTest("a body that goes by sendfile, and one that ends with its connection, are measured", async () => {
  const args = ["/sendfile/100000", "/until-close/70000", "/sendfile/3", "/size/4/200"];
  const { requests, log, report } = await tracedScenario("apart", { args });
  for (const side of ["server", "client"] as const) assert.deepEqual(sideOf(requests, side).map(logged), log);
  assert.equal(report.incomplete.payloadsLost, 0);
});

exactTest("a connection that was there before is joined", async () => {
  const { requests, log, report } = await tracedScenario("early");
  assert.equal(log.length, 10);
  for (const side of ["server", "client"] as const) assert.deepEqual(sideOf(requests, side).map(logged), log);
  nothingMissing(report);
});

exactTest("requests over a Unix socket are told, without addresses", async () => {
  const folder = mkdtempSync(join(tmpdir(), "skep-requests-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const { requests, log, report } = await tracedScenario("many", {
    server: [join(folder, "socket")],
    args: ["300", "4", "200000"],
    options: roomForAll,
  });
  for (const side of ["server", "client"] as const) {
    const ours = sideOf(requests, side);
    assert.deepEqual(multiset(ours.map(logged)), multiset(log));
    assert.ok(ours.every(({ local, peer }) => local === undefined && peer === undefined));
  }
  nothingMissing(report);
});

exactTest("a descriptor that stands for a socket's path is not taken for what sockets are", async () => {
  const folder = mkdtempSync(join(tmpdir(), "skep-requests-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const [socket, go] = [join(folder, "socket"), join(folder, "go")];
  await using server = program("http-server.mjs", socket);
  await server.ready;
  await using client = program("http-client.mjs", "path", socket, go);
  await client.ready;
  const { requests } = await traced({ pids: [client.pid] }, async () => {
    writeFileSync(go, "");
    await client.lastLine;
  });
  assert.deepEqual(requests.map(logged), JSON.parse(await client.lastLine));
});

exactTest("each side has the other one's address", async () => {
  const { requests } = await tracedScenario("paths", { args: ["/size/1/200"] });
  const [server] = sideOf(requests, "server");
  const [client] = sideOf(requests, "client");
  assert.equal(server?.local?.address, "127.0.0.1");
  assert.deepEqual(server?.local, client?.peer);
  assert.deepEqual(server?.peer, client?.local);
});

exactTest("only the processes that were asked for are told of", async () => {
  await using server = program("http-server.mjs");
  await using client = program("http-client.mjs", "paths", await server.ready, "/size/1/200", "/size/2/404");
  await client.ready;
  const { requests } = await traced({ pids: [server.pid] }, async () => {
    client.release();
    await client.lastLine;
  });
  assert.deepEqual(
    requests.map(({ side, process, status }) => [side, process.pid, status]),
    [
      ["server", server.pid, 200],
      ["server", server.pid, 404],
    ],
  );
});

exactTest("children of a process are told of, too", async () => {
  await using server = program("http-server.mjs");
  const client = fileURLToPath(new URL("testing/http-client.mjs", import.meta.url));
  const command = `echo go | '${process.execPath}' '${client}' paths ${await server.ready} /size/1/200`;
  await using shell = new Workload("/bin/sh", ["-c", `echo ready; read -r _; ${command}`]);
  await shell.ready;
  const { requests } = await traced({ pids: [shell.pid] }, async () => {
    shell.release();
    await shell.lastLine;
  });
  assert.deepEqual(
    requests.map(({ side, path }) => [side, path]),
    [["client", "/size/1/200"]],
  );
});

test("the process that traces is left out, unless it asks for itself", async () => {
  const server = createServer((_, response) => response.end("own")).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  for (const traceSelf of [false, true]) {
    const { requests } = await traced({ traceSelf }, async () => {
      await (await fetch(url)).text();
    });
    const own = requests.filter((request) => request.process.pid === process.pid);
    assert.deepEqual(own.map(({ side }) => side).sort(), traceSelf ? ["client", "server"] : []);
  }
  server.close();
  server.closeAllConnections();
});

test("start refuses a ring that is too small", async () => {
  await assert.rejects(RequestTracer.start({ ringBytes: 4096 }), { code: "invalid-argument" });
});

exactTest("without HTTP there are queries and datagrams, and no request is looked at", async () => {
  const { requests, log, report } = await tracedScenario("many", {
    args: ["200", "4", "1000"],
    options: { http: false },
  });
  assert.equal(log.length, 200);
  assert.deepEqual([requests, report.requests], [[], []]);
  nothingMissing(report);
  const host = "127.0.7.54";
  await using server = program("dns-server.mjs", host);
  await server.ready;
  await using client = program("dns-client.mjs", host, "A:there.test", "A:large.test");
  await client.ready;
  const dns = await traced({ pids: [server.pid, client.pid], http: false }, async () => {
    client.release();
    await client.lastLine;
  });
  assert.deepEqual(
    dns.queries.filter(({ side }) => side === "client").map(({ name, transport }) => [name, transport]),
    [
      ["there.test", "udp"],
      ["large.test", "udp"],
      ["large.test", "tcp"],
    ],
  );
  assert.ok(dns.report.flows.length > 0);
});

exactTest("queries of DNS are told by both sides, over UDP and TCP", async () => {
  const host = "127.0.7.53";
  await using server = program("dns-server.mjs", host);
  await server.ready;
  const names = ["A:there.test", "AAAA:there.test", "A:missing.test", "A:large.test", "A:silent.test"];
  await using client = program("dns-client.mjs", host, ...names);
  await client.ready;
  const { queries, report } = await traced({ pids: [server.pid, client.pid] }, async () => {
    client.release();
    await client.lastLine;
  });
  for (const side of ["server", "client"] as const) {
    const ours = queries.filter((query) => query.side === side);
    assert.deepEqual(
      ours.map(({ name, type, transport, rcode, isTruncated = false }) => [name, type, transport, rcode, isTruncated]),
      [
        ["there.test", "A", "udp", "NOERROR", false],
        ["there.test", "AAAA", "udp", "NOERROR", false],
        ["missing.test", "A", "udp", "NXDOMAIN", false],
        ["large.test", "A", "udp", "NOERROR", true],
        ["large.test", "A", "tcp", "NOERROR", false],
      ],
    );
    const pid = side === "server" ? server.pid : client.pid;
    assert.ok(ours.every(({ process, durationNs }) => process.pid === pid && durationNs !== undefined));
    const port = (side === "server" ? ours[0]?.local : ours[0]?.peer)?.port;
    assert.equal(port, 53);
  }
  assert.deepEqual(queries[0]?.addresses, ["192.0.2.1"]);
  assert.equal(
    report.dns.reduce((sum, row) => sum + row.queries, 0),
    10,
  );
  assert.equal(report.lost.dnsRingFull, 0);
});

exactTest("datagrams are counted as their sender counts them", async () => {
  await using workload = program("udp.mjs");
  await workload.ready;
  const { report } = await traced({ pids: [workload.pid] }, async () => {
    workload.release();
    await workload.lastLine;
  });
  for (const pair of JSON.parse(await workload.lastLine)) {
    const [sender, receiver] = pair.ports;
    const flow = (localPort: number): UdpTotals[] =>
      report.flows
        .filter(({ local, peer }) => local?.port === localPort && peer?.port === sender + receiver - localPort)
        .map(({ process: _, local: __, peer: ___, ...totals }) => totals);
    assert.deepEqual(flow(sender), [{ ...noDatagrams, sentDatagrams: pair.sent, sentBytes: pair.sentBytes }]);
    assert.deepEqual(flow(receiver), [
      { ...noDatagrams, receivedDatagrams: pair.received, receivedBytes: pair.receivedBytes },
    ]);
  }
  assert.ok(report.flows.every(({ process }) => process.pid === workload.pid));
  assert.equal(report.incomplete.flowsFull, 0);
});

exactTest("datagrams that go many at a time are counted one by one", async () => {
  await using workload = program("udp-segments.mjs");
  await workload.ready;
  const { report } = await traced({ pids: [workload.pid] }, async () => {
    workload.release();
    await workload.lastLine;
  });
  const { datagrams, bytes, received } = JSON.parse(await workload.lastLine);
  assert.equal(received, datagrams);
  const all = report.flows.reduce<UdpTotals>(sumTotals, noDatagrams);
  assert.deepEqual(all, {
    sentDatagrams: datagrams,
    sentBytes: bytes,
    receivedDatagrams: datagrams,
    receivedBytes: bytes,
  });
  // Who receives didn't ask from whom.
  assert.equal(report.flows.find(({ receivedDatagrams }) => receivedDatagrams > 0)?.peer, undefined);
});

exactTest("datagrams for which there is no room are counted all the same", async () => {
  await using workload = program("udp.mjs");
  await workload.ready;
  const { report } = await traced({ pids: [workload.pid], limits: { flows: 1 } }, async () => {
    workload.release();
    await workload.lastLine;
  });
  const all = [...report.flows, report.unattributedDatagrams].reduce<UdpTotals>(sumTotals, noDatagrams);
  assert.equal(all.sentDatagrams, 800);
  assert.equal(all.receivedDatagrams, 800);
  assert.ok(report.incomplete.flowsFull > 0);
});

exactTest("each system call that moves bytes is seen, if only by how many", async () => {
  await using server = program("http-server.mjs");
  await using client = program("socket-calls.mjs", await server.ready);
  await client.ready;
  const { requests, report } = await traced({ pids: [server.pid, client.pid] }, async () => {
    client.release();
    await client.lastLine;
  });
  const log = JSON.parse(await client.lastLine);
  for (const side of ["server", "client"] as const) assert.deepEqual(sideOf(requests, side).map(logged), log);
  nothingMissing(report);
});

exactTest("what the ring has no room for is counted: requests are told or lost, and none is made up", async () => {
  await using server = program("http-server.mjs");
  await using client = program("http-client.mjs", "many", await server.ready, String(3 * MANY), "8", "2000");
  await client.ready;
  const { requests, report } = await traced({ pids: [server.pid, client.pid], ringBytes: 256 * 1024 }, async () => {
    client.release();
    blockUntilExit(client.pid);
    await client.lastLine;
  });
  const log: LoggedRequest[] = JSON.parse(await client.lastLine);
  const { serverRingFull, clientRingFull, headCut } = report.lost;
  assert.ok(serverRingFull > 0 && clientRingFull > 0);
  assert.ok(report.incomplete.payloadsLost >= serverRingFull + clientRingFull);
  assert.equal(
    sideOf(requests, "server").length + sideOf(requests, "client").length + serverRingFull + clientRingFull + headCut,
    2 * log.length,
  );
  for (const side of ["server", "client"] as const) {
    const left = new Map<string, number>();
    for (const [method, path, status] of log) increment(left, `${method} ${path} ${status}`, 1);
    for (const { method, path, status } of sideOf(requests, side)) {
      if (status !== undefined) increment(left, `${method} ${path} ${status}`, -1);
    }
    assert.deepEqual(
      Array.from(left).filter(([, count]) => count < 0),
      [],
    );
  }
});

function increment(counts: Map<string, number>, key: string, by: number): void {
  counts.set(key, (counts.get(key) ?? 0) + by);
}
