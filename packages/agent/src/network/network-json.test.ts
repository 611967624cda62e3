import assert from "node:assert/strict";
import { test } from "node:test";
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
  requestReport,
  udpFlow,
} from "../testing/network-reports.ts";
import { encodeNetworkEvent, encodeNetworkSummary } from "./network-json.ts";
import { NetworkWatch } from "./network-watch.ts";

test("each end of a connection is one line: what it was, who had it, and with whom", () => {
  const texts = [openedConnection(), closedConnection(), failedConnection()].map(encodeNetworkEvent);
  for (const text of texts)
    assert.match(text, /^\{"kind":"connection","event":"\w+","timeUnixNs":"1795000000123456789",.*\}\n$/);
  const [opened, closed, failed] = texts.map((text) => JSON.parse(text));
  assert.deepEqual(
    [opened.event, opened.role, opened.pid, opened.process, opened.local, opened.peer, opened.openedUnixNs],
    ["opened", "server", 4242, "node", "192.0.2.1:8080", "192.0.2.7:51234", "1795000000123456789"],
  );
  assert.deepEqual(
    [closed.event, closed.end, closed.durationNs, closed.sentBytes, closed.receivedBytes, closed.retransmits],
    ["closed", "peer", 3_000_000_000, 1000, 200, 1],
  );
  assert.deepEqual(
    [failed.event, failed.reason, failed.error, failed.peer],
    ["failed", "refused", "ECONNREFUSED", "[2001:db8::1]:443"],
  );
});

test("a query is one line", () => {
  assert.deepEqual(JSON.parse(encodeNetworkEvent(dnsQuery())), {
    kind: "dns",
    startUnixNs: "1795000000123456789",
    pid: 977,
    process: "curl",
    local: "192.0.2.1:53000",
    peer: "192.0.2.53:53",
    side: "client",
    transport: "udp",
    name: "example.com",
    type: "A",
    outcome: "answered",
    attemptCount: 1,
    rcode: "NOERROR",
    answers: { A: 1 },
    addresses: ["192.0.2.80"],
    isTruncated: false,
    durationNs: 4_000_000,
  });
});

test("the summary has what there was at the end, and what became of events", () => {
  const watch = new NetworkWatch();
  const view = watch.add(
    networkReport({
      connections: connectionReport({
        connections: [liveConnection()],
        listeners: [listener()],
        closed: 2,
        resetsSent: 1,
      }),
      requests: requestReport({ flows: [udpFlow()], dns: [dnsStatistics()] }),
    }),
  );
  const counts = {
    seen: { connections: 3, dns: 1 },
    delivered: { connections: 2, dns: 1 },
    lost: { connectionsOpened: 1, dnsWaiting: 0 },
  };
  const text = encodeNetworkSummary(view, counts);
  assert.match(text, /^\{"kind":"summary",.*\}\n$/);
  const { kind, seen, delivered, lost, incomplete, closed, ofMachine, ...summary } = JSON.parse(text);
  assert.equal(kind, "summary");
  assert.deepEqual({ seen, delivered, lost }, counts);
  assert.deepEqual([closed, ofMachine.resetsSent], [2, 1]);
  assert.ok("connectionsFull" in incomplete && !("connectionsOpened" in incomplete));
  const [connection] = summary.connections;
  assert.deepEqual([connection.local, connection.state, connection.sentBytes], ["192.0.2.1:8080", "ESTAB", 5_000_000]);
  const [listening] = summary.listeners;
  assert.deepEqual([listening.local, listening.queued, listening.capacity], ["0.0.0.0:8080", 2, 511]);
  assert.deepEqual(summary.udp, [
    {
      pid: 300,
      process: "resolver",
      local: "192.0.2.1:53000",
      peer: "192.0.2.53:53",
      sentDatagrams: 2,
      sentBytes: 100,
      receivedDatagrams: 2,
      receivedBytes: 400,
    },
  ]);
  const { p50Ns, queries } = summary.dns[0];
  assert.deepEqual([p50Ns, queries], [2 ** 21, 4]);
});

test("hostile names stay data, on one line", () => {
  const name = "\x1b[2J\x9b\u202e\n";
  for (const text of [
    encodeNetworkEvent(dnsQuery({ name })),
    encodeNetworkEvent(openedConnection({ process: name })),
  ]) {
    assert.match(text, /^[\x20-\x7e]+\n$/);
    assert.ok(JSON.stringify(JSON.parse(text)).includes(JSON.stringify(name)));
  }
});
