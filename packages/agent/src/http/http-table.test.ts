import assert from "node:assert/strict";
import { test } from "node:test";
import type { RequestStatistics, TlsFile } from "@skep/tracers/networking";
import fc from "fast-check";
import { displayWidth, printable } from "../output/text.ts";
import { httpReport, latency, requestStatistics } from "../testing/network-reports.ts";
import { formatHttpTable } from "./http-table.ts";

const SIZE = { columns: 80, rows: 40 };

const requests: readonly RequestStatistics[] = [
  requestStatistics({ requests: 12_000, latency: latency(12_000) }),
  requestStatistics({ requests: 30, status: 204, latency: latency(30) }),
  requestStatistics({ requests: 12, status: 503, method: "POST", route: "/orders", latency: latency(12, 30) }),
  requestStatistics({ process: { pid: 7, name: "curl" }, side: "client", tls: true, requests: 3 }),
  requestStatistics({ process: { pid: 8, name: "curl" }, side: "client", tls: true, requests: 4, status: 404 }),
  requestStatistics({
    process: { pid: 8, name: "curl" },
    side: "client",
    tls: true,
    requests: 5,
    protocol: "grpc",
    grpcStatus: 14,
    route: "shop.Orders/Get",
  }),
];

test("80 columns", () => {
  assert.deepEqual(formatHttpTable(httpReport({ requests }), undefined, SIZE), [
    "HTTP for 10.0 s: 12,054 requests, 21 errors, 0 lost",
    "",
    "REQUESTS   REQ/s     P50     P90     P99  STATUS   REQUEST",
    "node (4242), server: 12,042 requests, 12 errors",
    "  12,030   1,203  2.1 ms  2.1 ms  2.1 ms  2xx      GET /users/{id}",
    "      12     1.2  1.07 s  1.07 s  1.07 s  5xx      POST /orders",
    "curl (2 processes), client, TLS: 12 requests, 9 errors",
    "       5     0.5  2.1 ms  2.1 ms  2.1 ms  grpc 14  shop.Orders/Get",
    "       4     0.4  2.1 ms  2.1 ms  2.1 ms  4xx      GET /users/{id}",
    "       3     0.3  2.1 ms  2.1 ms  2.1 ms  2xx      GET /users/{id}",
  ]);
});

test("rates are those of the last report, where there were several", () => {
  const latest = { durationNs: 1e9, requests: [requestStatistics({ requests: 250 })] };
  assert.deepEqual(formatHttpTable(httpReport({ latest }), "make", SIZE).slice(4), [
    "     100     250  2.1 ms  2.1 ms  2.1 ms  2xx      GET /users/{id}",
  ]);
});

test("what is not known of a request is a question mark, and no status is none", () => {
  const { method: _, route: _r, status: _s, latency: _l, ...unknown } = requestStatistics({ aborted: 100 });
  const connect = { ...unknown, method: "CONNECT", status: 200 };
  assert.deepEqual(formatHttpTable(httpReport({ requests: [unknown, connect] }), undefined, SIZE).slice(2), [
    "REQUESTS   REQ/s     P50     P90     P99  STATUS   REQUEST",
    "node (4242), server: 200 requests, 200 errors",
    "     100    10.0                          none     ? ?",
    "     100    10.0                          2xx      CONNECT",
  ]);
});

test("a report without requests says so", () => {
  assert.deepEqual(formatHttpTable(httpReport({ requests: [] }), undefined, SIZE), [
    "HTTP for 10.0 s: 0 requests, 0 errors, 0 lost",
    "",
    "No request was over.",
  ]);
});

test("what was lost, what is incomplete and what of TLS is not seen is told", () => {
  const file: TlsFile = { path: "/usr/bin/busy", library: "OpenSSL", state: "too busy", functions: [] };
  const files = [file, { ...file, path: "/opt/a", state: "failed", problem: "not permitted" } as const];
  const lines = formatHttpTable(
    httpReport({
      unattributedRequests: 9,
      lost: { serverRingFull: 1200 },
      incomplete: { unpairedResponses: 3 },
      tls: { files, hits: 0, sessions: 0, sessionsKnown: 0, conflicts: 0, callsLost: 0, tooBusy: 1 },
    }),
    undefined,
    SIZE,
  );
  assert.deepEqual(lines.slice(0, 2), [
    "HTTP for 10.0 s: 109 requests, 0 errors, 9 in no row, 1,200 lost",
    "lost: serverRingFull 1,200",
  ]);
  assert.deepEqual(lines.slice(-5), [
    "TLS of /usr/bin/busy is not seen: too busy",
    "TLS of /opt/a is not seen: not permitted",
    "",
    "incomplete:",
    "  3 responses whose request was not seen",
  ]);
});

test("a table has no more lines than it may, and says how much it leaves out", () => {
  const many = Array.from({ length: 100 }, (_, index) =>
    requestStatistics({
      process: { pid: index, name: `service${index % 10}` },
      route: `/${index}`,
      requests: 1000 - index,
    }),
  );
  for (const rows of [12, 22, 50]) {
    const lines = formatHttpTable(httpReport({ requests: many }), undefined, { columns: 80, rows });
    assert.ok(lines.length <= rows, `${lines.length} of ${rows} lines`);
    const shown = lines.filter((line) => /2xx/.test(line)).length;
    assert.equal(lines.at(-1), `and ${100 - shown} more`);
  }
});

test("whatever services and routes are called, no line is too long and no control character gets out", () => {
  const name = fc.oneof(
    fc.string({ unit: "grapheme", minLength: 1, maxLength: 100 }),
    fc.constantFrom("\x1b[2J\x1b[31mroot", "\u202eevil", "日本語".repeat(20), "a\nb"),
  );
  fc.assert(
    fc.property(name, name, name, fc.integer({ min: 60, max: 200 }), (service, method, route, columns) => {
      const report = httpReport({
        requests: [requestStatistics({ process: { pid: 4_194_303, name: service }, method, route })],
      });
      for (const line of formatHttpTable(report, service, { columns, rows: 40 })) {
        assert.equal(line, printable(line));
        assert.ok(displayWidth(line) <= columns, line);
      }
    }),
  );
});
