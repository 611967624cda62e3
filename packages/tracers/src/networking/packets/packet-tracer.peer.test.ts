/** The tracer of packets against what interfaces, the kernel and `ss` count, between two network namespaces. */

import assert from "node:assert/strict";
import { setTimeout } from "node:timers/promises";
import { exactTest } from "../../testing/exact-test.ts";
import type { PacketReport } from "./packet-report.ts";
import { PacketTracer } from "./packet-tracer.ts";
import { isIn, sumOf, takeReport } from "./testing/namespace-workload.ts";
import { type VethEnd, VethPair } from "./testing/veth-pair.ts";

/** What the right end sends to the left one; the connection has ended in both directions when this comes back. */
async function traceExchange(
  pair: VethPair,
  what: readonly string[],
  whenUp: () => void = () => undefined,
): Promise<PacketReport> {
  await using tracer = await PacketTracer.start();
  pair.up();
  whenUp();
  await using server = pair.left.start("serve", pair.left.address);
  await server.ready;
  await using client = pair.right.start("send", pair.left.address, ...what);
  await client.ready;
  const done = client.nextLine();
  client.release();
  await done;
  // Last acknowledgements, and what waits in queues.
  await setTimeout(300);
  tracer.stop();
  return await takeReport(tracer);
}

function directionsOf(report: PacketReport, end: VethEnd, name = "veth") {
  const own = report.interfaces.filter(isIn(end.networkNamespace, name));
  return {
    received: sumOf(own, ({ direction }) => direction === "receive"),
    transmitted: sumOf(own, ({ direction }) => direction === "transmit"),
  };
}

/** That both ends say what their interfaces do. */
function isWhatInterfacesCount(report: PacketReport, pair: VethPair): void {
  for (const end of [pair.left, pair.right]) {
    const { received, transmitted } = directionsOf(report, end);
    const { rxBytes, rxPackets, txBytes, txPackets } = end.counters();
    assert.deepEqual(
      [received.buffers, received.bufferBytes, transmitted.buffers, transmitted.bufferBytes],
      [rxPackets, rxBytes, txPackets, txBytes],
    );
  }
}

for (const gso of [true, false]) {
  exactTest(
    `packets and bytes equal those of a pair of interfaces, with${gso ? "" : "out"} large packets`,
    async () => {
      await using pair = await VethPair.create();
      if (!gso) for (const end of [pair.left, pair.right]) end.link("gso_max_segs", "1");
      const report = await traceExchange(pair, ["stream", "5000000"], () => pair.neverAgain());
      isWhatInterfacesCount(report, pair);
      for (const end of [pair.left, pair.right]) {
        const { received, transmitted } = directionsOf(report, end);
        const tcp = sumOf(
          report.interfaces.filter(isIn(end.networkNamespace, "veth")),
          ({ direction, transport }) => direction === "transmit" && transport === "tcp",
        );
        assert.equal(tcp.packets, end.snmp("Tcp", "OutSegs"));
        assert.equal(received.packets > received.buffers, gso);
        assert.equal(transmitted.packets > transmitted.buffers, gso);
        // On the wire it is the same with and without: each segment with headers of Ethernet, IP and TCP, 8 bytes more of
        // options in the SYN, and nothing was lost.
        assert.equal(tcp.bytes, 5_000_000 + tcp.packets * (14 + 20 + 32) + 8);
        const arp = sumOf(
          report.interfaces.filter(isIn(end.networkNamespace, "veth")),
          ({ direction, network }) => direction === "transmit" && network === "arp",
        );
        assert.ok(arp.packets > 0 && arp.bytes === 42 * arp.packets);
        assert.equal(transmitted.packets, tcp.packets + arp.packets);
      }
    },
    { why: "TCP sends again what takes its time" },
  );
}

exactTest("of a large packet in a tunnel the segments have the headers of both", async () => {
  await using pair = await VethPair.create();
  for (const [end, remote, address] of [
    [pair.left, "10.77.0.2", "10.78.0.1"],
    [pair.right, "10.77.0.1", "10.78.0.2"],
  ] as const) {
    end.run(
      ...(["ip", "link", "add", "tunnel", "type", "vxlan", "id", "7", "dstport", "4789"] as const),
      ...["remote", remote, "dev", "veth"],
    );
    end.run("ip", "address", "add", `${address}/24`, "dev", "tunnel");
    end.run("ip", "link", "set", "tunnel", "up", "mtu", "1400");
  }
  await using tracer = await PacketTracer.start();
  pair.up();
  pair.neverAgain();
  await using server = pair.left.start("serve", "10.78.0.1");
  await server.ready;
  await using client = pair.right.start("send", "10.78.0.1", "stream", "2000000");
  await client.ready;
  client.release();
  await client.nextLine();
  await setTimeout(300);
  tracer.stop();
  const report = await takeReport(tracer);
  isWhatInterfacesCount(report, pair);
  const { transmitted: inner } = directionsOf(report, pair.right, "tunnel");
  const { transmitted: outer } = directionsOf(report, pair.right);
  const outerArp = sumOf(
    report.interfaces.filter(isIn(pair.right.networkNamespace, "veth")),
    ({ direction, network }) => direction === "transmit" && network === "arp",
  );
  assert.ok(inner.packets > inner.buffers);
  assert.equal(outer.packets - outerArp.packets, inner.packets);
  // Ethernet, IP, UDP and VXLAN around each.
  assert.equal(outer.bytes - outerArp.bytes, inner.bytes + inner.packets * (14 + 20 + 8 + 8));
});

exactTest("what is sent again is what the kernel counts, under loss", async () => {
  await using pair = await VethPair.create();
  pair.loseAtLeft();
  // In some 450 packets, of which one at least will be among those that get lost.
  const report = await traceExchange(pair, ["stream", "30000000"]);
  isWhatInterfacesCount(report, pair);
  // By XDP without a driver's help, which not every kernel gives a reason for.
  assert.ok(report.incomplete.dropsNotSpecified > 0 || report.drops.some(({ reason }) => reason === "XDP"));
  for (const [end, peer] of [
    [pair.right, pair.left],
    [pair.left, pair.right],
  ] as const) {
    const again = report.retransmits.filter(({ networkNamespace }) => networkNamespace === end.networkNamespace);
    const count = again.reduce((sum, { segments, synAcks }) => sum + segments + synAcks, 0);
    assert.equal(count, end.snmp("Tcp", "RetransSegs"));
    for (const row of again) assert.equal(row.peer.address, peer.address);
  }
  const sent = report.retransmits.find(({ networkNamespace }) => networkNamespace === pair.right.networkNamespace);
  assert.ok(sent !== undefined && sent.segments > 0 && sent.peer.port === 7100);
});

exactTest("a packet that the driver hands back counts once", async () => {
  await using pair = await VethPair.create();
  pair.right.run("tc", "qdisc", "add", "dev", "veth", "root", "pfifo", "limit", "100000");
  const report = await traceExchange(pair, ["datagrams", "30000"], () => pair.queueAtLeft());
  const { transmitted } = directionsOf(report, pair.right);
  const { txPackets, txDropped } = pair.right.counters();
  assert.equal(transmitted.buffers, txPackets + txDropped);
  assert.ok(txPackets > 30_000);
});

exactTest("round-trip times are where `ss` has them", async () => {
  await using pair = await VethPair.create();
  await using tracer = await PacketTracer.start({ rttEvery: 1 });
  pair.up();
  await using server = pair.left.start("serve", pair.left.address);
  await server.ready;
  await using client = pair.right.start("send", pair.left.address, "pingPong", "500");
  await client.ready;
  client.release();
  await client.nextLine();
  const rttNs = Array.from(
    pair.right.run("ss", "-tinH", "state", "established").matchAll(/\brtt:([\d.]+)\//g),
    ([, text]) => Number(text) * 1_000_000,
  );
  const { rttHistogram } = await takeReport(tracer);
  const [first, last] = [rttHistogram.buckets[0], rttHistogram.buckets.at(-1)];
  assert.ok(rttHistogram.samples >= 1000);
  assert.ok(first !== undefined && last !== undefined && rttNs.length === 1);
  for (const time of rttNs) assert.ok(first.fromNs <= time && time < last.untilNs);
});
