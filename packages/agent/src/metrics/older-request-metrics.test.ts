import assert from "node:assert/strict";
import { test } from "node:test";
import { networkRound, requestReport, requests } from "../pipeline/testing/network-round.ts";
import { type nginx, plainRound } from "../pipeline/testing/plain-round.ts";
import { ResourceCatalog } from "../resources/resource-catalog.ts";
import { MetricRegistry } from "./metric-registry.ts";
import { recordNetwork } from "./network-metrics.ts";
import { type OlderConventions, olderConventions } from "./older-request-metrics.ts";
import { prometheusText } from "./prometheus-text.ts";

const client = { side: "client", host: "api.test:81" } as const;
const grpc = { protocol: "grpc", route: "a.B/C", grpcStatus: 14 } as const;
const report = requestReport({
  requests: [
    requests(5),
    requests(4, { ...client, status: 404, tls: true }),
    requests(3, grpc),
    requests(2, { ...grpc, ...client }),
  ],
});

/** Of each metric, attributes with counts and sums. */
function recorded(older: OlderConventions): Readonly<Record<string, unknown>> {
  const catalog = new ResourceCatalog({ version: "1.0" });
  const registry = new MetricRegistry(catalog.agent);
  const { startUnixNs, endUnixNs } = plainRound();
  registry.beginRound(startUnixNs, endUnixNs);
  const of = (process: typeof nginx) => catalog.of(process, "program");
  const resources = { host: catalog.host, agent: catalog.agent, of };
  recordNetwork(registry, networkRound({ requests: report }), resources, 1, older);
  return Object.fromEntries(
    Array.from(registry.histogramTables, (table) => [
      table.definition.name,
      Array.from(table.all(), ({ attributes, value: { count, sum } }) => [attributes, count, sum]),
    ]),
  );
}

const current = [
  "http.client.request.duration",
  "http.server.request.duration",
  "rpc.client.call.duration",
  "rpc.server.call.duration",
];

test("the current names are told, whatever is asked for, and the older ones only with /dup", () => {
  const cases: readonly (readonly [optIns: readonly string[], older: readonly string[]])[] = [
    [[], []],
    [["http", "rpc", "database/dup"], []],
    [
      ["http/dup", "http"],
      ["http.client.duration", "http.server.duration"],
    ],
    [["rpc/dup"], ["rpc.client.duration", "rpc.server.duration"]],
  ];
  for (const [optIns, older] of cases) {
    const names = Object.keys(recorded(olderConventions(new Set(optIns))));
    assert.deepEqual(names.sort(), [...current, ...older].sort(), optIns.join());
  }
});

test("older durations are in milliseconds, by the attributes of their time", () => {
  const metrics = recorded({ http: true, rpc: true });
  const ms = (count: number) => (count * 2 ** 20) / 1e6;
  assert.deepEqual(metrics["http.server.duration"], [
    [
      {
        "http.method": "GET",
        "http.status_code": 200,
        "http.scheme": "http",
        "http.route": "/users/{id}",
        "net.protocol.version": "1.1",
      },
      5,
      ms(5),
    ],
  ]);
  assert.deepEqual(metrics["http.client.duration"], [
    [
      {
        "http.method": "GET",
        "http.status_code": 404,
        "net.peer.name": "api.test",
        "net.peer.port": 81,
        "net.protocol.version": "1.1",
      },
      4,
      ms(4),
    ],
  ]);
  const call = { "rpc.system": "grpc", "rpc.service": "a.B", "rpc.method": "C", "rpc.grpc.status_code": 14 };
  assert.deepEqual(metrics["rpc.server.duration"], [[call, 3, ms(3)]]);
  assert.deepEqual(metrics["rpc.client.duration"], [
    [{ ...call, "server.address": "api.test", "server.port": 81 }, 2, ms(2)],
  ]);
});

test("for Prometheus their unit is in the name, and buckets are in it", () => {
  const catalog = new ResourceCatalog({ version: "1.0" });
  const registry = new MetricRegistry(catalog.agent);
  registry.beginRound(0n, 1n);
  const resources = { host: catalog.host, agent: catalog.agent, of: () => catalog.host };
  recordNetwork(registry, networkRound({ requests: report }), resources, 1, { http: true, rpc: false });
  const lines = Array.from(prometheusText(registry)).join("").split("\n");
  const bounds = lines
    .filter((line) => line.startsWith("http_server_duration_milliseconds_bucket"))
    .map((line) => /le="([^"]*)"} (\d+)/.exec(line)?.slice(1));
  assert.deepEqual(bounds.slice(0, 3), [
    ["0.131072", "0"],
    ["0.524288", "0"],
    ["2.097152", "5"],
  ]);
});
