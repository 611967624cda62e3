import assert from "node:assert/strict";
import { test } from "node:test";
import type { NetworkReport } from "@skep/tracers/networking";
import fc from "fast-check";
import { displayWidth, printable } from "../output/text.ts";
import {
  closedConnection,
  connectionReport,
  dnsStatistics,
  failedConnection,
  listener,
  liveConnection,
  networkReport,
  packetReport,
  requestReport,
  traffic,
  udpFlow,
} from "../testing/network-reports.ts";
import { formatNetworkTable } from "./network-table.ts";
import type { NetworkView } from "./network-view.ts";
import { NetworkWatch } from "./network-watch.ts";

const SIZE = { columns: 80, rows: 40 };
const second = { durationNs: 1_000_000_000 };

const { traffic: _, role: _r, ...unix } = liveConnection({ id: 9, transport: "unix", path: "/run/bus" });

const { local: _l, dropped: _d, ...unbound } = listener();
const unixListener = { ...unbound, transport: "unix", path: "/run/bus" } as const;

function busyReport(): NetworkReport {
  return networkReport({
    ...second,
    connections: connectionReport({
      ...second,
      connections: [
        liveConnection(),
        liveConnection({
          id: 2,
          role: "client",
          pid: 977,
          process: "curl",
          local: { address: "2001:db8::7", port: 40_000 },
          peer: { address: "2001:db8::1", port: 443 },
          state: "CLOSE-WAIT",
          traffic: traffic({ sentBytes: 80, receivedBytes: 9_000_000, roundTripUs: 31_000 }),
        }),
        unix,
      ],
      listeners: [unixListener, listener({ dropped: 7 })],
      opened: 2,
      closed: 3,
      failed: { refused: 1 },
    }),
    requests: requestReport({ flows: [udpFlow()], dns: [dnsStatistics()] }),
    packets: packetReport({
      interfaces: [
        {
          interface: { name: "eth0", index: 2, networkNamespace: 7 },
          direction: "receive",
          network: "ipv4",
          transport: "tcp",
          packets: 6500,
          bytes: 9_400_000,
          buffers: 300,
          bufferBytes: 9_000_000,
        },
      ],
      drops: [{ reason: "NO_SOCKET", network: "ipv4", transport: "tcp", buffers: 3 }],
      rttHistogram: { samples: 9, buckets: [1, 8].map((n) => ({ fromNs: n * 1024, untilNs: n * 2048, samples: n })) },
    }),
  });
}

function busyView(): NetworkView {
  const watch = new NetworkWatch();
  watch.add(networkReport({ durationNs: 0 }));
  watch.addEvent(closedConnection());
  watch.addEvent(closedConnection({ peer: { address: "192.0.2.7", port: 51_235 } }));
  watch.addEvent(failedConnection());
  return watch.add(busyReport());
}

test("80 columns", () => {
  assert.deepEqual(formatNetworkTable(busyView(), undefined, SIZE, "latest"), [
    "Network for 1.0 s: 3 connections, 2 opened, 3 closed, 1 failed, 0 lost",
    "",
    "SENT/s  RECV/s    SENT    RECV     RTT  CONNECTION                PROCESS",
    "  80 B  9.0 MB    80 B  9.0 MB   31 ms  → [2001:d…443 CLOSE-WAIT  curl (977)",
    "5.0 MB   20 kB  5.0 MB   20 kB  1.2 ms  :8080 ← 192.0.2.7:51234   node (4242)",
    " 100 B   400 B   100 B   400 B          udp :5300… 192.0.2.53:53  resolver (300)",
    "                                        unix – /run/bus           node (4242)",
    "",
    "COUNT  ENDED      TOOK    SENT    RECV  CONNECTION                  PROCESS",
    "    2  by peer  3.00 s  2.0 kB   400 B  :8080 ← 192.0.2.7           node (4242)",
    "    1  refused   90 us                  :40000 → [2001:db8::1]:443  curl (977)",
    "",
    "SENT/s  RECV/s    SENT    RECV  PKTS SENT  PKTS RECV  INTERFACE",
    "        9.4 MB     0 B  9.4 MB          0      6,500  eth0 in 7",
    "dropped: NO_SOCKET (tcp) 3",
    "round trips: 1.0 us ▁  █ 16 us",
    "",
    "QUERIES     P50     P99  ANSWER   TYPE  NAME         PROCESS",
    "      4  2.1 ms  2.1 ms  NOERROR  AAAA  example.com  curl (977)",
    "",
    "QUEUE  DROPPED  LISTENING      PROCESS",
    "2/511        7  0.0.0.0:8080   node (4242)",
    "2/511           unix /run/bus  node (4242)",
  ]);
});

test("140 columns have room for more", () => {
  assert.deepEqual(formatNetworkTable(busyView(), "make", { columns: 140, rows: 40 }, "latest").slice(2, 11), [
    "SENT/s  RECV/s    SENT    RECV     RTT  RETR     AGE  STATE       CONNECTION                               PROCESS",
    "  80 B  9.0 MB    80 B  9.0 MB   31 ms        1.00 s  CLOSE-WAIT  [2001:db8::7]:40000 → [2001:db8::1]:443  curl (977)",
    "5.0 MB   20 kB  5.0 MB   20 kB  1.2 ms     3  1.00 s  ESTAB       192.0.2.1:8080 ← 192.0.2.7:51234         node (4242)",
    " 100 B   400 B   100 B   400 B                                    udp 192.0.2.1:53000 ↔ 192.0.2.53:53      resolver (300)",
    "                                              1.00 s  ESTAB       unix – /run/bus                          node (4242)",
    "",
    "COUNT  ENDED      TOOK    SENT    RECV  RETR  CONNECTION                           PROCESS",
    "    2  by peer  3.00 s  2.0 kB   400 B     2  192.0.2.1:8080 ← 192.0.2.7           node (4242)",
    "    1  refused   90 us                        192.0.2.1:40000 → [2001:db8::1]:443  curl (977)",
  ]);
});

test("on few lines the tables that come first are shown, and what is left out is told", () => {
  assert.deepEqual(formatNetworkTable(busyView(), undefined, { columns: 80, rows: 12 }, "average").slice(7), [
    "",
    "COUNT  ENDED      TOOK    SENT    RECV  CONNECTION                  PROCESS",
    "    2  by peer  3.00 s  2.0 kB   400 B  :8080 ← 192.0.2.7           node (4242)",
    "    1  refused   90 us                  :40000 → [2001:db8::1]:443  curl (977)",
    "no lines left for 1 interface, 1 DNS name, 2 listening sockets",
  ]);
});

test("where nothing was connected it says so", () => {
  const watch = new NetworkWatch();
  const { packets: _, ...report } = networkReport();
  assert.deepEqual(formatNetworkTable(watch.add(report), "true", SIZE, "average"), [
    "Network of true for 10.0 s: 0 connections, 0 opened, 0 closed, 0 failed, 0 lost",
    "",
    "Nothing was connected.",
  ]);
});

test("what was lost and what is incomplete is told by reason", () => {
  const { lost, incomplete } = connectionReport();
  const connections = connectionReport({ lost: { ...lost, closed: 3 }, incomplete: { ...incomplete, peersFull: 2 } });
  const lines = formatNetworkTable(new NetworkWatch().add(networkReport({ connections })), undefined, SIZE, "latest");
  assert.equal(lines[1], "lost: connectionsClosed 3");
  assert.equal(lines.at(-1), "incomplete: 2 times a peer found no room in the report");
});

test("a table has no more lines than it may", () => {
  const connections = connectionReport({
    connections: Array.from({ length: 100 }, (_, id) => liveConnection({ id })),
    listeners: Array.from({ length: 100 }, () => listener()),
  });
  const dns = Array.from({ length: 100 }, (_, index) => dnsStatistics({ name: `${index}.example` }));
  const watch = new NetworkWatch();
  for (let port = 1; port < 100; port++) watch.addEvent(failedConnection({ peer: { address: "192.0.2.1", port } }));
  const view = watch.add({ ...busyReport(), connections, requests: requestReport({ dns }) });
  for (const rows of [12, 22, 50, 100]) {
    const lines = formatNetworkTable(view, undefined, { columns: 80, rows }, "latest");
    assert.ok(lines.length <= rows, `${lines.length} of ${rows} lines`);
    assert.ok(lines.length >= rows - 1, `${lines.length} of ${rows} lines`);
  }
});

test("whatever processes and names are called, no line is too long and no control character gets out", () => {
  const name = fc.oneof(
    fc.string({ unit: "grapheme", minLength: 1, maxLength: 100 }),
    fc.constantFrom("\x1b[2J\x1b[31mroot", "\u202eevil", "日本語".repeat(20), "a\nb"),
  );
  fc.assert(
    fc.property(name, name, fc.integer({ min: 60, max: 200 }), (process, path, columns) => {
      const watch = new NetworkWatch();
      watch.addEvent(closedConnection({ process, pid: 4_194_303 }));
      const view = watch.add(
        networkReport({
          connections: connectionReport({
            connections: [liveConnection({ process, pid: 4_194_303 }), { ...unix, path }],
            listeners: [listener({ transport: "unix", path, process })],
          }),
          requests: requestReport({ dns: [dnsStatistics({ name: path, type: process, rcode: path })] }),
        }),
      );
      for (const line of formatNetworkTable(view, process, { columns, rows: 40 }, "latest")) {
        assert.equal(line, printable(line));
        assert.ok(displayWidth(line) <= columns, line);
      }
    }),
  );
});
