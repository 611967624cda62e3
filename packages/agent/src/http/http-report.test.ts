import assert from "node:assert/strict";
import { test } from "node:test";
import type { RequestStatistics } from "@skep/tracers/networking";
import { ProgramNames } from "../terminal/program-names.ts";
import { httpReport, networkReport, requestReport, requestStatistics } from "../testing/network-reports.ts";
import { addHttpReports, countRequests, errorsOf, httpReportOf } from "./http-report.ts";

test("requests that are alike add up; the latest ones are kept apart", () => {
  const sum = addHttpReports(
    httpReport({ requests: [requestStatistics({ requests: 5, aborted: 1, requestBytes: 7 })] }),
    httpReport({
      durationNs: 1_000_000_000,
      requests: [
        requestStatistics({ requests: 6, aborted: 2, requestBytes: 8 }),
        requestStatistics({ requests: 50, method: "POST" }),
      ],
    }),
  );
  assert.equal(sum.durationNs, 11_000_000_000);
  assert.deepEqual(
    sum.requests.map(({ method, requests, aborted, requestBytes, latency }) => [
      method,
      requests,
      aborted,
      requestBytes,
      latency?.count,
    ]),
    [
      ["POST", 50, 0, 0, 100],
      ["GET", 11, 3, 15, 200],
    ],
  );
  assert.equal(sum.latest?.durationNs, 1_000_000_000);
  assert.equal(countRequests(sum.latest?.requests ?? []), 56);
});

test("of more rows than are remembered the number of requests stays exact", () => {
  const requests = Array.from({ length: 9000 }, (_, index) => requestStatistics({ route: `/${index}`, requests: 2 }));
  const sum = addHttpReports(httpReport({ requests }), httpReport({ requests: [], unattributedRequests: 3 }));
  assert.equal(sum.requests.length, 8192);
  assert.equal(countRequests(sum.requests) + sum.unattributedRequests, 18_003);
});

test("of a tracer's report only what is of HTTP is taken, with the names of programs", () => {
  const process = { pid: 4242, name: "MainThread", executablePath: "/usr/bin/node" };
  const { lost, incomplete } = requestReport();
  const report = httpReportOf(
    networkReport({
      requests: requestReport({
        requests: [requestStatistics({ process })],
        lost: { ...lost, headCut: 2, dnsRingFull: 3, eventsUnread: 4 },
        incomplete: { ...incomplete, gaps: 1, flowsFull: 5 },
      }),
    }),
    new ProgramNames(),
  );
  assert.equal(report.requests[0]?.process.name, "node");
  assert.equal(report.lost["headCut"], 2);
  assert.equal(report.incomplete["gaps"], 1);
  for (const name of ["dnsRingFull", "eventsUnread"]) assert.ok(!(name in report.lost), name);
  assert.ok(!("flowsFull" in report.incomplete));
  const { requests: _, ...without } = networkReport();
  assert.throws(() => httpReportOf(without, new ProgramNames()), TypeError);
});

const errors: readonly [what: string, statistics: Partial<RequestStatistics>, errors: number][] = [
  ["a server's 404", { status: 404 }, 0],
  ["a client's 404", { side: "client", status: 404 }, 100],
  ["a server's 500", { status: 500 }, 100],
  ["what was aborted", { aborted: 7 }, 7],
  ["a server's gRPC status NOT_FOUND", { grpcStatus: 5 }, 0],
  ["a client's gRPC status NOT_FOUND", { side: "client", grpcStatus: 5 }, 100],
  ["a server's gRPC status INTERNAL", { grpcStatus: 13 }, 100],
  ["a gRPC status OK", { side: "client", grpcStatus: 0 }, 0],
];

for (const [what, statistics, expected] of errors) {
  test(`errors: ${what}`, () => assert.equal(errorsOf(requestStatistics(statistics)), expected));
}
