import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as conventions from "@opentelemetry/semantic-conventions/incubating";
import type { NetworkRound } from "../pipeline/round.ts";
import {
  connectionReport,
  latency,
  networkRound,
  packetReport,
  peer,
  requestReport,
  requests,
} from "../pipeline/testing/network-round.ts";
import {
  exec,
  file,
  fileReport,
  nginx,
  plainRound,
  processReport,
  profile,
  sample,
  syscall,
  syscallReport,
} from "../pipeline/testing/plain-round.ts";
import { ResourceCatalog } from "../resources/resource-catalog.ts";
import { ALL_METRICS } from "./all-metrics.ts";
import { MetricRegistry } from "./metric-registry.ts";
import { prometheusName } from "./prometheus-text.ts";
import { RoundMetrics } from "./round-metrics.ts";
import { withMetricTables } from "./testing/metric-tables.ts";

const conventionNames = new Set<unknown>(Object.values(conventions));

test("no two metrics have one name, here or in Prometheus", () => {
  const names = ALL_METRICS.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  assert.equal(new Set(ALL_METRICS.map(prometheusName)).size, names.length);
});

for (const { name, convention } of ALL_METRICS.filter((metric) => metric.convention !== "older")) {
  test(`${name} is ${convention === "semconv" ? "" : "not "}a name of OpenTelemetry's semantic conventions`, () => {
    assert.equal(conventionNames.has(name), convention === "semconv");
  });
}

test("attributes are named by the semantic conventions, or are of Skep's own namespaces", () => {
  for (const attribute of ALL_METRICS.flatMap(({ attributes }) => attributes)) {
    assert.ok(conventionNames.has(attribute) || /^(linux|skep)\./.test(attribute), attribute);
  }
});

test("docs/telemetry.md has all of them; write-metric-tables.ts brings it up to date", () => {
  const document = readFileSync(new URL("../../../../docs/telemetry.md", import.meta.url), "utf8");
  assert.equal(document, withMetricTables(document, ALL_METRICS));
  for (const { name } of ALL_METRICS) assert.ok(document.includes(`\`${name}\``), name);
});

test("a round that has everything is recorded in exactly these metrics, by these attributes", () => {
  const catalog = new ResourceCatalog({ version: "1.0" });
  const registry = new MetricRegistry(catalog.agent);
  const resources = {
    host: catalog.host,
    agent: catalog.agent,
    of: (process: typeof nginx) => catalog.of(process, "program"),
  };
  const metrics = new RoundMetrics(registry, resources, { http: true, rpc: true });
  const errors = { ENOENT: 1 };
  const calls = [syscall("openat", 2, { errors, histogramNs: [[64, 128, 2]], compat: true })];
  const report = processReport({
    starts: 1,
    execs: 1,
    execFailures: errors,
    exits: { codes: { 0: 1 }, signals: { SIGHUP: 1 } },
  });
  const round = plainRound();
  metrics.read({
    ...round,
    cpu: profile([sample(nginx, 1)]),
    offCpu: profile([sample(nginx, 1)], "off-cpu"),
    syscalls: syscallReport({ processes: [{ process: nginx, syscalls: calls }], syscalls: calls }),
    files: fileReport([file(nginx, { reads: 1, readBytes: 1, readNs: 1, errors })]),
    processes: { report, events: [exec], lost: {} },
    network: fullNetworkRound(),
    tracers: [{ name: "cpu", state: "on", sinceUnixMs: 0, samplingFactor: 1 }],
    self: {
      ...round.self,
      bpfRunTimeNs: 1,
      tracers: [{ name: "cpu", seen: 2, delivered: 1, lost: { countsFull: 1 }, mapBytes: 1 }],
      exporters: [
        {
          signal: "logs",
          endpoint: "http://localhost/",
          deliveredItems: 1,
          lostItems: { refused: 1 },
          waitingItems: 0,
          waitingBatches: 0,
          memoryBytes: 0,
          spoolBytes: 0,
        },
      ],
    },
  });
  const recorded = registry.tables.filter(({ size }) => size > 0);
  assert.deepEqual(
    recorded.map(({ definition }) => definition.name).sort(),
    ALL_METRICS.map(({ name }) => name).sort(),
  );
  for (const { definition, all } of recorded.map((table) => ({
    definition: table.definition,
    all: [...table.all()],
  }))) {
    const used = new Set(all.flatMap(({ attributes }) => Object.keys(attributes)));
    assert.deepEqual([...used].sort(), [...definition.attributes].sort(), definition.name);
    const expected = { program: "unknown_service:nginx", host: undefined, agent: "skep" }[definition.of];
    for (const { resource } of all) assert.equal(resource.attributes["service.name"], expected, definition.name);
  }
});

/** Something of all that there is. */
function fullNetworkRound(): NetworkRound {
  const sides = ["server", "client"] as const;
  const server = { host: "api.test:80" };
  const counts = { packets: 1, bytes: 1, buffers: 1, bufferBytes: 1, network: "ipv4", transport: "tcp" } as const;
  const device = { name: "eth0", index: 2, networkNamespace: 7 };
  const asked = { process: nginx, side: "client", name: "api.test", type: "A" } as const;
  const totals = { sentSegments: 1, receivedSegments: 1, sentBytes: 1, receivedBytes: 1, retransmits: 1 };
  return networkRound(
    {
      requests: requestReport({
        requests: sides.flatMap((side) => [
          requests(1, { side, status: 500, ...server }),
          requests(1, { side, protocol: "grpc", route: "a.B/C", grpcStatus: 14, ...server }),
        ]),
        dns: [
          { ...asked, rcode: "NXDOMAIN", queries: 1, latency: latency(1) },
          { ...asked, queries: 1 },
        ],
        flows: [{ process: nginx, sentDatagrams: 1, sentBytes: 1, receivedDatagrams: 1, receivedBytes: 1 }],
      }),
      connections: connectionReport({
        peers: [peer({ ...totals, opened: 1, connects: 1, connectLatencyNs: 1 })],
        failed: { refused: 1 },
      }),
      packets: packetReport({
        interfaces: [{ ...counts, interface: device, direction: "receive" }],
        drops: [{ reason: "NO_SOCKET", network: "ipv4", transport: "tcp", buffers: 1 }],
        rttHistogram: { samples: 1, buckets: [{ fromNs: 1000, untilNs: 2000, samples: 1 }] },
      }),
    },
    { requestsLeftOut: 1 },
  );
}
