import assert from "node:assert/strict";
import { test } from "node:test";
import type { DnsQueryEvent, HttpRequestEvent } from "./request-report.ts";
import { RequestStore } from "./request-store.ts";

const api = { pid: 1, name: "api" };

function request(fields: Partial<HttpRequestEvent>): HttpRequestEvent {
  return {
    kind: "http",
    process: api,
    timeUnixNs: 0n,
    side: "server",
    protocol: "http/1.1",
    outcome: "complete",
    tls: false,
    startNs: 0n,
    ...fields,
  };
}

function query(fields: Partial<DnsQueryEvent>): DnsQueryEvent {
  return {
    kind: "dns",
    process: api,
    timeUnixNs: 0n,
    side: "client",
    transport: "udp",
    name: "a.test",
    type: "A",
    outcome: "answered",
    attemptCount: 1,
    startNs: 0n,
    ...fields,
  };
}

test("requests that are alike are one row", () => {
  const store = new RequestStore(10);
  const get = { method: "GET", status: 200, durationNs: 1000, responseBytes: 5 } as const;
  store.addRequest(request({ ...get, path: "/users/1" }));
  store.addRequest(request({ ...get, path: "/users/2", requestBytes: 7, outcome: "aborted" }));
  store.addRequest(request({ ...get, path: "/users/3", status: 500 }));
  store.addRequest(request({}));
  store.addRequest(request({ protocol: "grpc", path: "/p.S/M", grpcMethod: "p.S/M", grpcStatus: 0 }));
  const { requests, unattributedRequests } = store.take();
  assert.equal(unattributedRequests, 0);
  assert.deepEqual(
    requests.map((row) => [row.method, row.route, row.status, row.grpcStatus, row.requests, row.latency?.count]),
    [
      ["GET", "/users/{id}", 200, undefined, 2, 2],
      ["GET", "/users/{id}", 500, undefined, 1, 1],
      [undefined, undefined, undefined, undefined, 1, undefined],
      [undefined, "p.S/M", undefined, 0, 1, undefined],
    ],
  );
  const [first] = requests;
  assert.deepEqual([first?.requestBytes, first?.responseBytes, first?.aborted], [7, 10, 1]);
  assert.deepEqual(store.take().requests, []);
});

test("queries that are alike are one row", () => {
  const store = new RequestStore(10);
  store.addQuery(query({ rcode: "NOERROR", durationNs: 5 }));
  store.addQuery(query({ rcode: "NOERROR", durationNs: 6 }));
  store.addQuery(query({ outcome: "timedOut" }));
  assert.deepEqual(
    store.take().dns.map((row) => [row.name, row.type, row.rcode, row.queries, row.latency?.count]),
    [
      ["a.test", "A", "NOERROR", 2, 2],
      ["a.test", "A", undefined, 1, undefined],
    ],
  );
});

test("what finds no room is counted", () => {
  const store = new RequestStore(1);
  for (const status of [200, 201, 200, 202]) store.addRequest(request({ status }));
  for (const name of ["a", "b", "c"]) store.addQuery(query({ name }));
  const { requests, unattributedRequests, dns, unattributedQueries } = store.take();
  assert.deepEqual([requests.length, requests[0]?.requests, unattributedRequests], [1, 2, 2]);
  assert.deepEqual([dns.length, unattributedQueries], [1, 2]);
  assert.equal(store.take().unattributedRequests, 0);
});

test("of clients requests are told apart by the server where that is asked for, and aborted ones from the others", () => {
  const store = new RequestStore(10, true);
  const toServer = (port: number, fields: Partial<HttpRequestEvent> = {}) =>
    request({ side: "client", host: "api.test", peer: { address: "10.0.0.1", port }, path: "/", ...fields });
  for (const port of [80, 80, 81]) store.addRequest(toServer(port));
  store.addRequest(toServer(80, { outcome: "aborted" }));
  store.addRequest(request({ host: "api.test", path: "/" }));
  assert.deepEqual(
    store.take().requests.map(({ side, host, peer, requests, aborted }) => [side, host, peer?.port, requests, aborted]),
    [
      ["client", "api.test", 80, 2, 0],
      ["client", "api.test", 81, 1, 0],
      ["client", "api.test", 80, 1, 1],
      ["server", undefined, undefined, 1, 0],
    ],
  );
});
