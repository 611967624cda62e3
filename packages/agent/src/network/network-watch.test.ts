import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { test } from "node:test";
import type { InterfaceStatistics } from "@skep/tracers/networking";
import {
  closedConnection,
  connectionReport,
  dnsQuery,
  dnsStatistics,
  failedConnection,
  listener,
  liveConnection,
  networkReport,
  openedConnection,
  packetReport,
  requestReport,
  traffic,
  udpFlow,
} from "../testing/network-reports.ts";
import { NetworkWatch } from "./network-watch.ts";

const begin = networkReport({ durationNs: 0 });
const second = { durationNs: 1_000_000_000 };

function withTraffic(sentBytes: number, receivedBytes: number, existed = false) {
  const connection = liveConnection({ existed, traffic: traffic({ sentBytes, receivedBytes }) });
  return networkReport({ ...second, connections: connectionReport({ ...second, connections: [connection] }) });
}

test("bytes a second are of the time since the last look, and since the start", () => {
  const watch = new NetworkWatch();
  watch.add(begin);
  watch.add(withTraffic(1000, 10));
  const { connections } = watch.add(withTraffic(4000, 10));
  assert.deepEqual(connections[0]?.rates, {
    latest: { sent: 3000, received: 0 },
    average: { sent: 2000, received: 5 },
  });
  assert.equal(connections[0]?.ageNs, 1_000_000_000);
});

test("what a connection carried before the start makes no rate", () => {
  const watch = new NetworkWatch();
  watch.add({ ...withTraffic(1e9, 1e9, true), durationNs: 0 });
  const { connections } = watch.add(withTraffic(1e9 + 500, 1e9, true));
  assert.deepEqual(connections[0]?.rates, {
    latest: { sent: 500, received: 0 },
    average: { sent: 500, received: 0 },
  });
  assert.equal(connections[0]?.connection.traffic?.sentBytes, 1e9 + 500);
});

test("connections that ended alike are one row, whichever port the client had", () => {
  const watch = new NetworkWatch();
  watch.add(begin);
  watch.addEvent(openedConnection());
  watch.addEvent(closedConnection());
  watch.addEvent(closedConnection({ pid: 4243, peer: { address: "192.0.2.7", port: 9 }, durationNs: 1_000_000_000 }));
  const { durationNs: _, traffic: _t, ...untold } = closedConnection();
  watch.addEvent(untold);
  watch.addEvent(failedConnection());
  watch.addEvent(closedConnection({ neverAccepted: true }));
  const { ended } = watch.add(networkReport(second));
  assert.deepEqual(
    ended.map(({ count, how, pids, timed, durationNs, sentBytes, receivedBytes, retransmits }) => ({
      row: [count, how, pids.size, timed, durationNs],
      traffic: [sentBytes, receivedBytes, retransmits],
    })),
    [
      { row: [3, "by peer", 2, 2, 4_000_000_000], traffic: [2000, 400, 2] },
      { row: [1, "refused", 1, 1, 90_000], traffic: [0, 0, 0] },
      { row: [1, "unaccepted", 1, 1, 3_000_000_000], traffic: [1000, 200, 1] },
    ],
  );
});

test("connections of Unix sockets come last, however many there were", () => {
  const watch = new NetworkWatch();
  for (let event = 0; event < 3; event++) watch.addEvent(failedConnection({ transport: "unix", path: "/run/a" }));
  watch.addEvent(failedConnection());
  assert.deepEqual(
    watch.add(begin).ended.map(({ count }) => count),
    [1, 3],
  );
});

test("events come back with the name of the program", () => {
  const watch = new NetworkWatch();
  const { pid } = process;
  const name = "MainThread";
  assert.notEqual((watch.addEvent(closedConnection({ pid, process: name })) as { process: string }).process, name);
  const query = watch.addEvent(dnsQuery({ process: { pid: 1, name, executablePath: "/usr/bin/node" } }));
  assert.deepEqual(query, dnsQuery({ process: { pid: 1, name: "node", executablePath: "/usr/bin/node" } }));
});

test("datagrams and queries add up; what is silent has no rate, but is there", () => {
  const watch = new NetworkWatch();
  watch.add(begin);
  const requests = requestReport({ flows: [udpFlow()], dns: [dnsStatistics()] });
  watch.add(networkReport({ ...second, requests }));
  const { flows, dns } = watch.add(networkReport({ ...second, requests }));
  assert.equal(flows.length, 1);
  assert.deepEqual(
    [flows[0]?.flow.sentDatagrams, flows[0]?.flow.sentBytes, flows[0]?.flow.receivedBytes],
    [4, 200, 800],
  );
  assert.deepEqual(flows[0]?.rates.latest, { sent: 100, received: 400 });
  assert.deepEqual([dns.length, dns[0]?.queries, dns[0]?.latency?.count], [1, 8, 8]);
  const silent = watch.add(networkReport({ durationNs: 2_000_000_000 }));
  assert.deepEqual(silent.flows[0]?.rates, {
    latest: { sent: 0, received: 0 },
    average: { sent: 50, received: 200 },
  });
});

test("interfaces have both directions in one row, and their namespace where it is another's", () => {
  const watch = new NetworkWatch();
  watch.add(begin);
  const own = statSync("/proc/self/ns/net").ino;
  const went = (
    direction: InterfaceStatistics["direction"],
    networkNamespace: number,
    bytes: number,
  ): InterfaceStatistics => ({
    interface: { name: "eth0", index: 2, networkNamespace },
    direction,
    network: "ipv4",
    transport: "tcp",
    packets: 2,
    bytes,
    buffers: 1,
    bufferBytes: bytes,
  });
  const drop = { reason: "NO_SOCKET", network: "ipv4", transport: "tcp", buffers: 3 } as const;
  const buckets = [{ fromNs: 1024, untilNs: 2048, samples: 5 }];
  const packets = packetReport({
    interfaces: [went("transmit", own, 700), went("receive", own, 40), went("receive", own, 60), went("receive", 7, 1)],
    drops: [drop],
    rttHistogram: { samples: 5, buckets },
    localRttHistogram: { samples: 5, buckets },
  });
  watch.add(networkReport({ ...second, packets }));
  const { interfaces, drops, roundTrips } = watch.add(networkReport({ ...second, packets }));
  assert.deepEqual(interfaces, [
    {
      name: "eth0",
      sentPackets: 4,
      sentBytes: 1400,
      receivedPackets: 8,
      receivedBytes: 200,
      rates: { latest: { sent: 700, received: 100 }, average: { sent: 700, received: 100 } },
    },
    {
      name: "eth0",
      elsewhere: 7,
      sentPackets: 0,
      sentBytes: 0,
      receivedPackets: 4,
      receivedBytes: 2,
      rates: { latest: { sent: 0, received: 1 }, average: { sent: 0, received: 1 } },
    },
  ]);
  assert.deepEqual(drops, [{ ...drop, buffers: 6 }]);
  assert.deepEqual(roundTrips, { samples: 20, buckets: [{ fromNs: 1024, untilNs: 2048, samples: 20 }] });
});

test("without packets and requests there are none", () => {
  const {
    requests: _,
    packets: _p,
    ...report
  } = networkReport({
    connections: connectionReport({ listeners: [listener()], opened: 2, failed: { refused: 1 }, resetsSent: 4 }),
  });
  const watch = new NetworkWatch();
  watch.add(report);
  const view = watch.add(report);
  assert.ok(!("interfaces" in view));
  assert.deepEqual([view.flows, view.dns], [[], []]);
  assert.deepEqual([view.totals.opened, view.totals.resetsSent, view.failed], [4, 8, { refused: 2 }]);
  assert.deepEqual(view.listeners, [listener()]);
});

test("losses are told by part; of more rows than there is room for it is told, too", () => {
  const { lost } = connectionReport();
  const watch = new NetworkWatch();
  const report = networkReport({
    connections: connectionReport({ lost: { ...lost, opened: 2, connectionsFull: 1, unread: 9 } }),
    packets: packetReport({ lost: { recursion: 5 } }),
  });
  for (let port = 0; port < 5000; port++) watch.addEvent(failedConnection({ peer: { address: "192.0.2.1", port } }));
  const view = watch.add(report);
  assert.deepEqual(
    Object.entries(view.lost).filter(([, count]) => count > 0),
    [
      ["connectionsOpened", 2],
      ["connectionsFull", 1],
      ["packetsRecursion", 5],
    ],
  );
  assert.equal(view.incomplete["rowsFull"], 5000 - 4096);
  assert.equal(view.durationNs, 10_000_000_000);
});
