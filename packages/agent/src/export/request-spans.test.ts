import assert from "node:assert/strict";
import { test } from "node:test";
import type { SingleRequest } from "../pipeline/round.ts";
import { networkRound, query, request } from "../pipeline/testing/network-round.ts";
import { nginx, plainRound, redis } from "../pipeline/testing/plain-round.ts";
import { ResourceCatalog } from "../resources/resource-catalog.ts";
import { RequestSpans, type RequestSpansOptions } from "./request-spans.ts";

const catalog = new ResourceCatalog({ version: "1.0" });

function spansOf(...requests: readonly SingleRequest[]) {
  return spansWith({}, ...requests);
}

function spansWith(options: RequestSpansOptions, ...requests: readonly SingleRequest[]) {
  let ids = 0;
  const spans = new RequestSpans({ newId: (bytes) => String(++ids).padStart(2 * bytes, "0"), ...options });
  const round = plainRound({ network: networkRound({}, { requests }) });
  return spans.ofRound(round, (process) => catalog.of(process, "process"), { name: "skep" });
}

function spanOf(single: SingleRequest) {
  const span = spansOf(single)[0]?.scopes[0]?.spans[0];
  assert.ok(span);
  return { ...span, attributes: JSON.parse(JSON.stringify(span.attributes)) as Readonly<Record<string, unknown>> };
}

/** The attributes that are there only when older ones are asked for. */
function olderOf(single: SingleRequest, older: RequestSpansOptions["older"]) {
  const attributesWith = (options: RequestSpansOptions) =>
    JSON.parse(JSON.stringify(spansWith(options, single)[0]?.scopes[0]?.spans[0]?.attributes ?? {}));
  const without = attributesWith({});
  const entries = Object.entries(attributesWith({ older }));
  for (const [name, value] of Object.entries(without)) {
    assert.deepEqual(entries.find(([other]) => other === name)?.[1], value, name);
  }
  return Object.fromEntries(entries.filter(([name]) => !(name in without)));
}

test("older attributes stand beside the current ones, where they are asked for", () => {
  const served = request({
    host: "api.test:8080",
    query: "a=1",
    peer: { address: "10.0.0.7", port: 5 },
    requestBytes: 3,
  });
  assert.deepEqual(olderOf(served, { http: true, rpc: false }), {
    "http.method": "GET",
    "http.status_code": 200,
    "http.scheme": "http",
    "http.target": "/users/4711?a=1",
    "http.request_content_length": 3,
    "net.host.name": "api.test",
    "net.host.port": 8080,
    "net.protocol.version": "1.1",
    "net.sock.peer.addr": "10.0.0.7",
    "net.sock.peer.port": 5,
  });
  assert.deepEqual(olderOf(served, { http: false, rpc: true }), {});
  const sent = request({ side: "client", host: "api.test", tls: true, peer: { address: "10.0.0.7", port: 443 } });
  const { "http.url": url, "net.peer.name": name, "net.peer.port": port } = olderOf(sent, { http: true, rpc: true });
  assert.deepEqual([url, name, port], ["https://api.test/users/4711", "api.test", 443]);
  const call = request({ protocol: "grpc", grpcMethod: "a.B/C", grpcStatus: 14 });
  assert.deepEqual(olderOf(call, { http: true, rpc: true }), {
    "rpc.system": "grpc",
    "rpc.service": "a.B",
    "rpc.grpc.status_code": 14,
  });
});

const TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

test("a request that was served says what the conventions ask for", () => {
  const span = spanOf({
    ...request({
      host: "api.test:8080",
      userAgent: "curl/8",
      peer: { address: "10.0.0.7", port: 50_000 },
      local: { address: "10.0.0.1", port: 80 },
      requestBytes: 3,
      responseBytes: 100,
      traceparent: TRACEPARENT,
    }),
    route: "/users/{id}",
  });
  assert.deepEqual(span.attributes, {
    "http.request.method": "GET",
    "url.path": "/users/4711",
    "url.scheme": "http",
    "http.route": "/users/{id}",
    "http.response.status_code": 200,
    "user_agent.original": "curl/8",
    "server.address": "api.test",
    "server.port": 8080,
    "client.address": "10.0.0.7",
    "network.peer.address": "10.0.0.7",
    "network.peer.port": 50_000,
    "network.protocol.version": "1.1",
    "http.request.body.size": 3,
    "http.response.body.size": 100,
  });
  assert.deepEqual([span.name, span.kind, span.status], ["GET /users/{id}", "server", undefined]);
  assert.equal(span.endTimeUnixNs - span.startTimeUnixNs, 2_000_000n);
  const { traceId, parentSpanId, flags } = span;
  assert.deepEqual([traceId, parentSpanId, flags], ["0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", 0x301]);
});

test("one that was sent has its URL, without a query unless that was kept", () => {
  const sent = { side: "client", host: "api.test", peer: { address: "10.0.0.1", port: 443 }, tls: true } as const;
  const { attributes, traceId, parentSpanId } = spanOf(request(sent));
  assert.equal(attributes["url.full"], "https://api.test/users/4711");
  assert.deepEqual([attributes["server.address"], attributes["server.port"]], ["api.test", 443]);
  assert.deepEqual([traceId, parentSpanId], ["2".padStart(32, "0"), undefined]);
  assert.equal(spanOf(request({ ...sent, query: "a=1" })).attributes["url.full"], "https://api.test/users/4711?a=1");
});

const statuses: readonly [what: string, fields: Parameters<typeof request>[0], errorType: string | undefined][] = [
  ["404 of a server", { status: 404 }, undefined],
  ["404 of a client", { status: 404, side: "client" }, "404"],
  ["503 of a server", { status: 503 }, "503"],
  ["an aborted one", { outcome: "aborted" }, "aborted"],
  ["NOT_FOUND of a gRPC server", { protocol: "grpc", grpcStatus: 5 }, undefined],
  ["NOT_FOUND of a gRPC client", { protocol: "grpc", grpcStatus: 5, side: "client" }, "NOT_FOUND"],
  ["UNAVAILABLE of a gRPC server", { protocol: "grpc", grpcStatus: 14 }, "UNAVAILABLE"],
];

for (const [what, fields, errorType] of statuses) {
  test(`of ${what} the error is ${errorType}`, () => {
    const { status, attributes } = spanOf(request(fields));
    assert.equal(status?.code, errorType === undefined ? undefined : "error");
    assert.equal(attributes["error.type"], errorType);
  });
}

const names: readonly [fields: Parameters<typeof request>[0], route: string | undefined, name: string][] = [
  [{}, undefined, "GET"],
  [{ method: "BREW" }, "/pot", "HTTP /pot"],
  [{ protocol: "grpc", grpcMethod: "a.B/C" }, undefined, "a.B/C"],
  [{ protocol: "grpc" }, "/a.B/C", "grpc"],
];

for (const [fields, route, name] of names) {
  test(`the name of a span is ${name}`, () => {
    assert.equal(spanOf({ ...request(fields), ...(route !== undefined && { route }) }).name, name);
  });
}

test("what is not known is absent", () => {
  const { method: _, path: __, status: ___, durationNs: ____, ...unknown } = request({ protocol: "h2" });
  const span = spanOf({ ...unknown, outcome: "unanswered" });
  assert.equal(span.name, "HTTP");
  assert.deepEqual(span.attributes, {
    "url.scheme": "http",
    "network.protocol.version": "2",
    "skep.end_not_seen": true,
  });
  assert.equal(spanOf(request({ method: "BREW" })).attributes["http.request.method_original"], "BREW");
});

test("a query of DNS is a span, and fails when there is no such name, or no answer", () => {
  const span = spanOf(query({ addresses: ["10.0.0.1"] }));
  assert.deepEqual([span.name, span.kind, span.status], ["DNS A", "client", undefined]);
  assert.equal(span.attributes["dns.question.name"], "api.test");
  assert.equal(spanOf(query({ rcode: "NXDOMAIN" })).attributes["error.type"], "NXDOMAIN");
  const { rcode: _, ...unanswered } = query({ outcome: "timedOut" });
  assert.equal(spanOf(unanswered).attributes["error.type"], "timeout");
});

test("spans are grouped by the process", () => {
  const groups = spansOf(request({}), request({ process: redis }), request({ process: nginx }));
  assert.deepEqual(
    groups.map(({ resource, scopes }) => [resource.attributes?.["service.name"], scopes[0]?.spans.length]),
    [
      ["unknown_service:nginx", 2],
      ["unknown_service:redis", 1],
    ],
  );
});
