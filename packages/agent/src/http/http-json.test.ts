import assert from "node:assert/strict";
import { test } from "node:test";
import { httpReport, httpRequest, requestStatistics } from "../testing/network-reports.ts";
import { encodeHttpRequest, encodeHttpSummary } from "./http-json.ts";

test("a request is one line, with the members that are promised", () => {
  const text = encodeHttpRequest(
    httpRequest({
      tls: true,
      query: "a=1",
      traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
      process: { pid: 4242, name: "node", containerId: "c0ffee" },
    }),
  );
  assert.match(text, /^\{"kind":"http",.*\}\n$/);
  assert.deepEqual(JSON.parse(text), {
    kind: "http",
    side: "server",
    protocol: "http/1.1",
    method: "GET",
    path: "/users/4711",
    query: "a=1",
    status: 200,
    requestBytes: 0,
    responseBytes: 4100,
    startUnixNs: "1795000000123456789",
    durationNs: 31_000_000,
    pid: 4242,
    process: "node",
    local: "127.0.0.1:8080",
    peer: "[::1]:51234",
    tls: true,
    traceId: "0af7651916cd43dd8448eb211c80319c",
    host: "localhost:8080",
    outcome: "complete",
    containerId: "c0ffee",
  });
});

test("what is not known is absent", () => {
  const {
    method: _,
    path: _p,
    host: _h,
    status: _s,
    responseBytes: _r,
    durationNs: _d,
    local: _l,
    peer: _e,
    ...known
  } = httpRequest();
  const object = JSON.parse(encodeHttpRequest({ ...known, outcome: "unanswered", grpcStatus: 5, grpcMethod: "a.B/C" }));
  assert.deepEqual(object, {
    kind: "http",
    side: "server",
    protocol: "http/1.1",
    requestBytes: 0,
    startUnixNs: "1795000000123456789",
    pid: 4242,
    process: "node",
    tls: false,
    grpcMethod: "a.B/C",
    grpcStatus: 5,
    outcome: "unanswered",
  });
});

test("the summary has what became of requests, and those that are alike with their quantiles", () => {
  const { latency: _, ...untimed } = requestStatistics({ status: 500 });
  const text = encodeHttpSummary(httpReport({ requests: [requestStatistics(), untimed] }), {
    seen: { http: 5 },
    delivered: { http: 4 },
    lost: { httpHeadCut: 1 },
  });
  assert.match(text, /^\{"kind":"summary",.*\}\n$/);
  const { requests, ...summary } = JSON.parse(text);
  assert.deepEqual(summary, {
    kind: "summary",
    durationNs: 10_000_000_000,
    seen: { http: 5 },
    delivered: { http: 4 },
    lost: { httpHeadCut: 1 },
    incomplete: { gaps: 0 },
    unattributedRequests: 0,
  });
  const { pid, name, timed, p50Ns, p99Ns, maxNs } = requests[0];
  assert.deepEqual([pid, name, timed, p50Ns, p99Ns, maxNs], [4242, "node", 100, 2 ** 21, 2 ** 21, 2 ** 21]);
  assert.ok(!("p50Ns" in requests[1]));
});

test("hostile paths stay data, on one line", () => {
  const path = "/\x1b[2J\x9b\u202e\n";
  const text = encodeHttpRequest(httpRequest({ path }));
  assert.match(text, /^[\x20-\x7e]+\n$/);
  assert.equal(JSON.parse(text).path, path);
});
