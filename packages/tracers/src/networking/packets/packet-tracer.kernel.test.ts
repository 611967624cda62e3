import assert from "node:assert/strict";
import { release } from "node:os";
import { test } from "node:test";
import { exactTest } from "../../testing/exact-test.ts";
import { addPackets, noPackets } from "./packet-counts.ts";
import { NO_REASON, type PacketReport } from "./packet-report.ts";
import { PacketTracer } from "./packet-tracer.ts";
import { isIn, scenario, sumOf, traceScenario } from "./testing/namespace-workload.ts";

/** That the parts of a report add up. */
function isConsistent({ interfaces, flows, withoutFlow, unattributed }: PacketReport): void {
  const ofFlows = noPackets();
  for (const flow of flows) addPackets(ofFlows, flow);
  addPackets(ofFlows, withoutFlow);
  assert.deepEqual(
    sumOf(interfaces, () => true),
    ofFlows,
  );
  assert.deepEqual(unattributed, noPackets());
}

exactTest("packets and bytes of an interface are those that it counts itself", async () => {
  for (const [name, ...args] of [["datagrams"], ["stream", "1000000"]] as const) {
    await using workload = scenario(name, ...args);
    const { report, networkNamespace, counted } = await traceScenario(workload);
    const own = report.interfaces.filter(isIn(networkNamespace));
    const received = sumOf(own, ({ direction }) => direction === "receive");
    const transmitted = sumOf(own, ({ direction }) => direction === "transmit");
    assert.deepEqual(
      [received.buffers, received.bufferBytes, transmitted.buffers, transmitted.bufferBytes],
      [counted["rxPackets"], counted["rxBytes"], counted["txPackets"], counted["txBytes"]],
    );
    assert.ok(received.buffers > 100);
    isConsistent(report);
  }
});

exactTest("datagrams are told apart by protocol and flow, and fragments are packets", async () => {
  await using workload = scenario("datagrams");
  const { report, networkNamespace } = await traceScenario(workload);
  for (const [network, address, headerBytes] of [
    ["ipv4", "127.0.0.1", 28],
    ["ipv6", "::1", 48],
  ] as const) {
    for (const direction of ["receive", "transmit"] as const) {
      const ofInterface = sumOf(
        report.interfaces.filter(isIn(networkNamespace)),
        (row) => row.network === network && row.transport === "udp" && row.direction === direction,
      );
      // 100 small ones, and 100 in three fragments each.
      assert.equal(ofInterface.packets, 400);
      assert.deepEqual([ofInterface.buffers, ofInterface.bufferBytes], [ofInterface.packets, ofInterface.bytes]);
      const flows = report.flows
        .filter(isIn(networkNamespace))
        .filter((flow) => flow.network === network && flow.direction === direction);
      const whole = flows.filter(({ destination }) => destination.port === 7001);
      const rest = flows.filter(({ destination }) => destination.port === 0);
      assert.deepEqual(
        whole.map(({ destination, source, packets, protocol }) => [
          destination.address,
          source.address,
          packets,
          protocol,
        ]),
        [[address, address, 200, 17]],
      );
      assert.equal(whole[0]?.bytes, 100 * (100 + headerBytes) + 100 * (network === "ipv4" ? 1500 : 1496));
      assert.deepEqual(
        rest.map(({ packets, transport }) => [packets, transport]),
        [[200, "udp"]],
      );
    }
  }
});

exactTest("a large packet counts as its segments, and their headers as bytes", async () => {
  await using workload = scenario("stream", "1000000");
  const { report, networkNamespace, counted } = await traceScenario(workload);
  const { TcpInSegs = 0, TcpOutSegs = 0, TcpRetransSegs = 0 } = counted;
  const tcp = report.interfaces.filter(isIn(networkNamespace)).filter(({ transport }) => transport === "tcp");
  const received = sumOf(tcp, ({ direction }) => direction === "receive");
  const transmitted = sumOf(tcp, ({ direction }) => direction === "transmit");
  // What comes in the kernel counts as it handles it, and what goes out in segments.
  assert.deepEqual([received.buffers, transmitted.packets], [TcpInSegs, TcpOutSegs + TcpRetransSegs]);
  assert.deepEqual(received, transmitted);
  assert.ok(transmitted.packets > transmitted.buffers);
  const flows = report.flows.filter(isIn(networkNamespace)).filter(({ direction }) => direction === "transmit");
  assert.equal(flows.length, 4);
  for (const { network, packets, bytes } of flows) {
    // Of IP and TCP, with the time stamp; 8 bytes more of options in SYN and SYN-ACK.
    const payloadBytes = bytes - packets * ((network === "ipv4" ? 20 : 40) + 32) - 8;
    // A machine that is slow, or does other things as well, sends the one or other segment again.
    if (TcpRetransSegs === 0) assert.equal(payloadBytes, 1_000_000);
    else assert.ok(payloadBytes >= 1_000_000);
  }
  isConsistent(report);
});

exactTest(
  "what is thrown away has the kernel's reason, and is as much as it counts",
  async () => {
    for (const [name, reason, counters] of [
      ["refused", "NO_SOCKET", { ipv4: "UdpNoPorts", ipv6: "Udp6NoPorts" }],
      ["overflow", "SOCKET_RCVBUFF", { ipv4: "UdpRcvbufErrors", ipv6: "Udp6RcvbufErrors" }],
    ] as const) {
      await using workload = scenario(name);
      const { report, counted } = await traceScenario(workload);
      for (const network of ["ipv4", "ipv6"] as const) {
        const dropped = report.drops.filter((drop) => drop.network === network && drop.transport === "udp");
        const count = counted[counters[network]];
        if (seesReasons()) {
          assert.equal(dropped.find((drop) => drop.reason === reason)?.buffers ?? 0, count);
        } else {
          assert.deepEqual(new Set(dropped.map((drop) => drop.reason)), new Set(count === 0 ? [] : [NO_REASON]));
          assert.ok((dropped[0]?.buffers ?? 0) >= (count ?? 0));
        }
      }
      assert.ok((counted[counters.ipv4] ?? 0) > 0);
    }
  },
  { why: "drops are of the whole machine" },
);

test("reasons are seen from 5.17 on", async () => {
  await using tracer = await PacketTracer.start();
  assert.equal(tracer.seesDropReasons, seesReasons());
});

function seesReasons(): boolean {
  const [major = 0, minor = 0] = release().split(".").map(Number);
  return major * 1000 + minor >= 5017;
}

exactTest("what TCP sends again is counted by peer", async () => {
  await using workload = scenario("full");
  const { report, networkNamespace, counted } = await traceScenario(workload);
  const own = report.retransmits.filter((row) => row.networkNamespace === networkNamespace);
  const count = own.reduce((sum, { segments, synAcks }) => sum + segments + synAcks, 0);
  assert.ok(count > 0);
  assert.equal(count, counted["TcpRetransSegs"]);
  const toServer = own.filter(({ peer }) => peer.address === "127.0.0.1" && peer.port === 7005);
  assert.ok(toServer.length === 1 && toServer.every(({ segments }) => segments > 0));
});

exactTest("round-trip times are those of the segments that come in, or of one in so many", async () => {
  for (const rttEvery of [1, 10]) {
    await using workload = scenario("pingPong");
    const { report, counted } = await traceScenario(workload, { rttEvery });
    const { samples, buckets } = report.localRttHistogram;
    assert.equal(
      buckets.reduce((sum, bucket) => sum + bucket.samples, 0),
      samples,
    );
    for (const { fromNs, untilNs } of buckets) assert.ok(fromNs < untilNs);
    // Other connections of this machine are among them.
    assert.ok(samples >= Math.floor(200 / rttEvery) - 1, `${samples} samples`);
    if (rttEvery === 1) assert.ok((counted["TcpInSegs"] ?? 0) >= 200);
  }
});

exactTest("what finds no room is counted without its flow, and without its interface", async () => {
  await using many = scenario("scatter", "300");
  const { report, networkNamespace, counted } = await traceScenario(many, {
    limits: { flowRows: 32, readIntervalMs: 1_000_000 },
  });
  assert.ok(report.incomplete.flowsFull > 0 && report.flows.length <= 32);
  const own = sumOf(report.interfaces.filter(isIn(networkNamespace)), ({ direction }) => direction === "transmit");
  assert.deepEqual([own.buffers, own.bufferBytes], [counted["txPackets"], counted["txBytes"]]);
  isConsistent(report);

  await using kept = scenario("scatter", "300");
  const evicted = await traceScenario(kept, { limits: { flows: 10 } });
  assert.equal(evicted.report.flows.length, 10);
  assert.ok(evicted.report.incomplete.flowsEvicted >= 290);
  isConsistent(evicted.report);

  await using without = scenario("scatter", "20");
  const { report: last, counted: lastCounted } = await traceScenario(without, {
    flows: false,
    limits: { interfaceRows: 1, readIntervalMs: 1_000_000 },
  });
  assert.deepEqual(last.flows, []);
  const all = noPackets();
  addPackets(
    all,
    sumOf(last.interfaces, () => true),
  );
  addPackets(all, last.unattributed);
  assert.ok(last.unattributed.buffers > 0);
  assert.ok(all.buffers >= (lastCounted["txPackets"] ?? 0) + (lastCounted["rxPackets"] ?? 0));
});

test("an option out of range is refused with what to do", async () => {
  await assert.rejects(PacketTracer.start({ rttEvery: 0 }), { message: "one in 0 segments can't be looked at" });
});
