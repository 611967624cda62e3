import assert from "node:assert/strict";
import { test } from "node:test";
import type { ServedRow, ServiceEdge } from "skep/answers";
import { serviceMap } from "./model.ts";

const NONE = { requests: 0, errors: 0, timed: 0, totalNs: 0, maxNs: 0 };

function edge(from: string, to: string, changes: Partial<ServiceEdge> = {}): ServiceEdge {
  const sums = { ...NONE, opened: 0, failed: 0, sentBytes: 1, receivedBytes: 1, retransmits: 0 };
  return { from, fromHere: true, to, toHere: true, server: `127.0.0.1:${to.length}`, ...sums, ...changes };
}

function servedBy(service: string, requests: number): ServedRow {
  return { service, ...NONE, requests, requestBytes: 0, responseBytes: 0 };
}

test("a service that is called at two addresses is one box with one line", () => {
  const calls = { requests: 3, p99Ns: 2000 };
  const { nodes, links } = serviceMap(
    [edge("web", "api", calls), edge("web", "api", { ...calls, server: "10.0.0.1:80", errors: 1, p99Ns: 5000 })],
    [servedBy("api", 6)],
  );
  assert.deepEqual(
    nodes.map(({ name, kind, served }) => [name, kind, served?.requests]),
    [
      ["api", "service", 6],
      ["web", "service", undefined],
    ],
  );
  assert.deepEqual(
    links.map(({ requests, errors, p99Ns, sentBytes }) => [requests, errors, p99Ns, sentBytes]),
    [[6, 1, 5000, 2]],
  );
});

test("a service that only answers has a box, and one of the same name elsewhere another", () => {
  const { nodes, links } = serviceMap([edge("redis", "redis", { toHere: false })], [servedBy("nginx", 1)]);
  assert.deepEqual(
    nodes.map(({ name, kind }) => [name, kind]),
    [
      ["redis", "elsewhere"],
      ["nginx", "service"],
      ["redis", "service"],
    ],
  );
  assert.equal(links.length, 1);
});

test("peers elsewhere that are alike are one box, where they are many", () => {
  const clients = (count: number) =>
    Array.from({ length: count }, (_, index) => edge(`192.0.2.${index}`, "nginx", { fromHere: false }));
  assert.equal(serviceMap(clients(3), []).nodes.length, 4);
  const servers = Array.from({ length: 4 }, (_, index) => edge("nginx", `192.0.2.1${index}:443`, { toHere: false }));
  const { nodes, links } = serviceMap([...clients(5), ...servers, edge("nginx", "1.1.1.1:53", { toHere: false })], []);
  assert.deepEqual(
    nodes.map(({ name, members }) => [name, members.length]),
    [
      ["1.1.1.1:53", 1],
      ["4 peers :443", 4],
      ["5 clients", 5],
      ["nginx", 1],
    ],
  );
  assert.deepEqual(links.map(({ sentBytes }) => sentBytes).sort(), [1, 4, 5]);
});

test("beyond the bound the busiest are shown, and the others are counted", () => {
  const edges = Array.from({ length: 60 }, (_, index) => edge("gateway", `service-${String(index).padStart(2, "0")}`));
  const { nodes, links, leftOut } = serviceMap(edges, []);
  assert.deepEqual([nodes.length, links.length, leftOut], [40, 39, 21]);
  assert.equal(nodes.at(-1)?.name, "service-38");
});
