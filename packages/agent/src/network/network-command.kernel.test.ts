import assert from "node:assert/strict";
import { test } from "node:test";
import { runSkep } from "../cli/testing/skep-process.ts";

/** Sends 100,000 bytes to a server of its own and gets 5 back, connects to where nobody listens, and sends 3 datagrams. */
const WORKLOAD = [
  process.execPath,
  "-e",
  `const { connect, createServer } = require("node:net");
  const { createSocket } = require("node:dgram");
  const server = createServer((socket) => {
    let bytes = 0;
    socket.on("data", (data) => {
      bytes += data.length;
      if (bytes === 100_000) socket.end("ended");
    });
  });
  server.listen(0, "127.0.0.1", () => {
    const { port } = server.address();
    const client = connect(port, "127.0.0.1", () => client.write(Buffer.alloc(100_000)));
    client.resume().on("close", () => {
      server.close();
      connect(port, "127.0.0.1").on("error", () => {
        const receiver = createSocket("udp4");
        let received = 0;
        receiver.on("message", () => {
          if (++received === 3) receiver.close();
        });
        receiver.bind(0, "127.0.0.1", () => {
          const sender = createSocket("udp4");
          const send = (left) => {
            if (left === 0) return sender.close();
            sender.send(Buffer.alloc(50), receiver.address().port, "127.0.0.1", () => send(left - 1));
          };
          send(3);
        });
      });
    });
  });`,
];

interface ConnectionJson {
  readonly kind: "connection";
  readonly event: string;
  readonly transport: string;
  readonly role: string;
  readonly local: string;
  readonly peer: string;
  readonly [member: string]: unknown;
}

test("the JSON has a line for what became of each connection, and one that sums up", async () => {
  const { code, stdout, stderr } = await runSkep(["network", "--json", "--", ...WORKLOAD]);
  assert.equal(code, 0, stderr);
  const lines = stdout.trimEnd().split("\n");
  const summary = JSON.parse(lines.pop() ?? "");
  const all = lines.map((line): ConnectionJson => JSON.parse(line));
  const events = all.filter(({ kind, transport }) => kind === "connection" && transport === "tcp");
  const what = (wanted: string) =>
    events
      .filter(({ event }) => event === wanted)
      .map(({ role, sentBytes, receivedBytes, reason }) => [role, sentBytes, receivedBytes, reason])
      .sort();
  assert.deepEqual(what("opened"), [
    ["client", undefined, undefined, undefined],
    ["server", undefined, undefined, undefined],
  ]);
  assert.deepEqual(what("closed"), [
    ["client", 100_000, 5, undefined],
    ["server", 5, 100_000, undefined],
  ]);
  assert.deepEqual(what("failed"), [["client", undefined, undefined, "refused"]]);
  const [client, server] = ["client", "server"].map((side) => events.find(({ role }) => role === side));
  assert.ok(client && server);
  assert.deepEqual([server.local, server.peer], [client.peer, client.local]);

  assert.equal(summary.kind, "summary");
  assert.deepEqual(summary.seen, summary.delivered);
  assert.equal(summary.seen.connections, all.length);
  assert.equal(
    Object.values<number>(summary.lost).reduce((sum, count) => sum + count, 0),
    0,
  );
  assert.deepEqual([summary.opened, summary.closed, summary.failed.refused], [2, 2, 1]);
  const sums = (name: string) =>
    summary.udp.reduce((sum: number, flow: Record<string, number>) => sum + (flow[name] ?? 0), 0);
  assert.deepEqual(["sentDatagrams", "sentBytes", "receivedDatagrams", "receivedBytes"].map(sums), [3, 150, 3, 150]);
});

test("where there is no terminal the tables are plain", async () => {
  const { code, stdout, stderr } = await runSkep(["network", "--", ...WORKLOAD]);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^Network of [^\n]*\n?[^\n]*2 opened, 2 closed, /);
  assert.match(stdout, /\nCOUNT {2}ENDED +TOOK +SENT +RECV {2}CONNECTION +PROCESS\n/);
  assert.match(stdout, /\n +1 {2}refused +\d/);
  assert.match(stdout, / 100 kB +5 B {2}:\d+ → 127\.0\.0\.1:\d+ /);
  assert.match(stdout, /udp :\d+/);
  assert.ok(!stdout.includes("\x1b"));
});

test("parts can be left out; the whole machine has interfaces", async () => {
  const summaryOf = async (...options: readonly string[]) => {
    const { code, stdout, stderr } = await runSkep(["network", "--json", "-d", "0.5", ...options]);
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "");
  };
  const whole = await summaryOf();
  assert.ok(Array.isArray(whole.interfaces));
  assert.ok(whole.listeners.length >= 0 && "dns" in whole.seen);
  const part = await summaryOf("--no-packets", "--no-datagrams");
  assert.ok(!("interfaces" in part) && !("dns" in part.seen));
});
