import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { statSync } from "node:fs";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { endpointText } from "../addresses.ts";
import type { LiveConnection } from "./connection.ts";
import { ConnectionTracer } from "./connection-tracer.ts";
import { ConnectionLog } from "./testing/connection-log.ts";
import { inNetworkOf, loseAt, networkCounter, vethPair } from "./testing/veth.ts";

/** What `ss -tin` says of one connection: by the names in its second line. What is 0 is not there. */
function socketStatistics(pid: number): Map<string, ReadonlyMap<string, string>> {
  const connections = new Map<string, ReadonlyMap<string, string>>();
  const lines = inNetworkOf(pid, "ss", "-tinHO").split("\n");
  for (const line of lines.filter((text) => text !== "")) {
    const [, , , local = "", peer = "", ...fields] = line.split(/\s+/);
    const named = fields.map((field): [string, string] => {
      const [name = "", ...values] = field.split(":");
      return [name, values.join(":")];
    });
    connections.set(`${local} ${peer}`, new Map(named));
  }
  return connections;
}

function ofSs(told: ReadonlyMap<string, string>): Record<string, number> {
  const number = (name: string): number => Number(told.get(name) ?? 0);
  const [roundTripMs = 0, deviationMs = 0] = (told.get("rtt") ?? "").split("/").map(Number);
  return {
    sentBytes: number("bytes_sent") - number("bytes_retrans"),
    retransmittedBytes: number("bytes_retrans"),
    receivedBytes: number("bytes_received"),
    sentSegments: number("segs_out"),
    receivedSegments: number("segs_in"),
    sentDataSegments: number("data_segs_out"),
    receivedDataSegments: number("data_segs_in"),
    retransmits: Number(told.get("retrans")?.split("/")[1] ?? 0),
    roundTripUs: Math.round(roundTripMs * 1000),
    roundTripDeviationUs: Math.round(deviationMs * 1000),
    lowestRoundTripUs: Math.round(number("minrtt") * 1000),
    congestionWindow: number("cwnd"),
  };
}

function ofTracer({ traffic }: LiveConnection): Record<string, number | undefined> {
  const { sendQueueBytes: _, receiveQueueBytes: __, ...counted } = traffic ?? {};
  return counted as Record<string, number>;
}

test("connections of before and after the start have the counters that ss shows", async () => {
  const [left, right] = await vethPair();
  await using server = left.sockets;
  await using client = right.sockets;
  loseAt(left);
  const port = await server.listen({ host: left.address });
  const connect = async (name: string): Promise<void> => {
    await client.do("connect", { host: left.address, port, name });
    await client.do("send", { name, bytes: 300_000 });
  };
  await connect("before");
  await using tracer = await ConnectionTracer.start();
  await connect("after");
  for (const { pid } of [server, client]) {
    const networkNamespace = statSync(`/proc/${pid}/ns/net`).ino;
    // Delayed acknowledgements may be under way still.
    for (let attempt = 1; ; attempt++) {
      const before = socketStatistics(pid);
      const { connections } = await tracer.snapshot();
      const ours = connections.filter((connection) => connection.networkNamespace === networkNamespace);
      assert.equal(ours.length, 2);
      assert.equal(ours.filter(({ existed }) => existed).length, 1);
      try {
        for (const connection of ours) {
          const { local, peer } = connection;
          assert.ok(local !== undefined && peer !== undefined);
          const told = before.get(`${endpointText(local)} ${endpointText(peer)}`);
          assert.ok(told !== undefined);
          assert.deepEqual(ofTracer(connection), ofSs(told));
          assert.equal(connection.pid, pid);
        }
        break;
      } catch (error) {
        if (attempt === 5) throw error;
      }
    }
  }
});

test("retransmits are those that the kernel counts, under loss", async () => {
  await using log = await ConnectionLog.start();
  const [left, right] = await vethPair();
  await using server = left.sockets;
  await using client = right.sockets;
  loseAt(left);
  const port = await server.listen({ host: left.address });
  const names = ["1", "2", "3"];
  for (const name of names) {
    await client.do("connect", { host: left.address, port, name });
    await client.do("send", { name, bytes: 2_000_000 });
    await client.do("end", { name });
  }
  for (const { pid } of [server, client]) await log.many("closed", pid, names.length);
  await log.stop();
  let total = 0;
  for (const { pid } of [server, client]) {
    const closed = log.all("closed", pid);
    for (const { traffic } of closed) {
      assert.deepEqual([traffic?.sentBytes, traffic?.receivedBytes], [2_000_000, 2_000_000]);
    }
    const retransmits = closed.reduce((sum, { traffic }) => sum + (traffic?.retransmits ?? 0), 0);
    assert.equal(retransmits, networkCounter(pid, "snmp", "Tcp", "RetransSegs"));
    total += retransmits;
  }
  assert.ok(total > 0);
});

/** Microseconds from the SYN to the SYN-ACK, by the port of who connects. */
async function* handshakes(pid: number): AsyncGenerator<ReadonlyMap<number, number>> {
  const filter = "tcp[tcpflags] & tcp-syn != 0";
  const args = [`--net=/proc/${pid}/ns/net`, "tcpdump", "-i", "veth", "-n", "-l", "-tt", "--nano", filter];
  const child = spawn("nsenter", args, { stdio: ["ignore", "pipe", "pipe"] });
  const syns = new Map<number, bigint>();
  const latencies = new Map<number, number>();
  createInterface({ input: child.stdout }).on("line", (line) => {
    const [, seconds, nanoseconds, from, to, flags] =
      /^(\d+)\.(\d+) IP [\d.]+\.(\d+) > [\d.]+\.(\d+): Flags \[(.*?)\]/.exec(line) ?? [];
    const timeNs = BigInt(seconds ?? 0) * 1_000_000_000n + BigInt(nanoseconds ?? 0);
    if (flags === "S") syns.set(Number(from), timeNs);
    const synNs = syns.get(Number(to));
    if (flags === "S." && synNs !== undefined) latencies.set(Number(to), Number(timeNs - synNs) / 1000);
  });
  try {
    for await (const line of createInterface({ input: child.stderr })) {
      // Once "listening on veth" is there.
      if (line.startsWith("listening")) yield latencies;
    }
  } finally {
    child.kill("SIGINT");
    if (child.exitCode === null) await once(child, "exit");
  }
}

test("connect latency is what tcpdump sees, to 100 microseconds", async (context) => {
  await using log = await ConnectionLog.start();
  const [left, right] = await vethPair();
  await using server = left.sockets;
  await using client = right.sockets;
  const port = await server.listen({ host: left.address });
  const count = 50;
  const ports: number[] = [];
  for await (const latencies of handshakes(client.pid)) {
    for (let index = 0; index < count; index++) {
      const { port: local = 0 } = await client.do("connect", { host: left.address, port });
      ports.push(local);
      await client.do("end");
    }
    await log.many("closed", client.pid, count);
    while (latencies.size < count) await new Promise((resolve) => setImmediate(resolve));
    const differencesUs = log.all("opened", client.pid).map(({ local, connectLatencyNs }) => {
      const seenUs = latencies.get(local?.port ?? 0);
      assert.ok(seenUs !== undefined && connectLatencyNs !== undefined);
      return connectLatencyNs / 1000 - seenUs;
    });
    differencesUs.sort((a, b) => a - b);
    context.diagnostic(`differences in us: ${differencesUs.map((difference) => difference.toFixed(1)).join(" ")}`);
    assert.deepEqual([differencesUs.length, ports.length], [count, count]);
    // An interrupt may come between.
    const median = differencesUs[count / 2] ?? Number.NaN;
    assert.ok(median >= 0 && median < 100, `${median} us`);
    break;
  }
});
