import assert from "node:assert/strict";
import { test } from "node:test";
import { JsonMetricsSerializer } from "@opentelemetry/otlp-transformer";
import {
  AggregationTemporality,
  type ExponentialHistogram,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
  type ResourceMetrics,
} from "@opentelemetry/sdk-metrics";
import { encodeMetrics, type Resource } from "@skep/otlp/metrics";
import { ALL_METRICS } from "../metrics/all-metrics.ts";
import { MetricRegistry } from "../metrics/metric-registry.ts";
import { resourceMetricsOf } from "../metrics/otlp-metrics.ts";
import { prometheusName, prometheusText } from "../metrics/prometheus-text.ts";
import { RoundMetrics } from "../metrics/round-metrics.ts";
import {
  exec,
  execFailure,
  file,
  fileReport,
  nginx,
  plainRound,
  processReport,
  profile,
  redis,
  sample,
  syscall,
  syscallReport,
} from "../pipeline/testing/plain-round.ts";
import { ResourceCatalog } from "../resources/resource-catalog.ts";
import { sdkMetrics } from "./sdk-metrics.ts";

const SCOPE = { name: "skep", version: "1.0" };

/** A registry with metrics of all kinds, of programs, the machine and Skep, with an overflow. */
function fullRegistry(): MetricRegistry {
  const catalog = new ResourceCatalog({ version: "1.0" });
  const registry = new MetricRegistry(catalog.agent, 8);
  const metrics = new RoundMetrics(registry, {
    host: catalog.host,
    agent: catalog.agent,
    of: (process) => catalog.of(process, "program"),
  });
  const calls = (count: number) => [
    syscall("openat", count, {
      errors: { ENOENT: 1 },
      histogramNs: [
        [0, 2, 1],
        [64, 128, count - 1],
      ],
      totalNs: 300,
    }),
    ...["read", "write", "close", "fstat"].map((name) =>
      syscall(name, 3, { histogramNs: [[1024, 2048, 3]], totalNs: 4000 }),
    ),
  ];
  const processes = [nginx, redis].map((process, index) => ({ process, syscalls: calls(10 + index) }));
  const report = processReport({
    starts: 1,
    execs: 1,
    execFailures: { ENOENT: 1 },
    exits: { codes: { 3: 1 }, signals: {} },
  });
  for (const startUnixNs of [1_795_000_000_123_456_789n, 1_795_000_010_123_456_789n]) {
    metrics.read({
      ...plainRound({ startUnixNs, endUnixNs: startUnixNs + 10_000_000_000n }),
      cpu: profile([sample(nginx, 3), sample(redis, 4)]),
      syscalls: syscallReport({ processes, syscalls: calls(21) }),
      files: fileReport([file(nginx, { reads: 7, readBytes: 700, readNs: 70 })]),
      processes: { report, events: [exec, execFailure], lost: {} },
      tracers: [{ name: "cpu", state: "on", sinceUnixMs: 0, samplingFactor: 1 }],
    });
  }
  return registry;
}

interface JsonAttribute {
  readonly key: string;
  readonly value: unknown;
}

interface JsonMetric {
  readonly name: string;
  readonly description: string;
  readonly unit: string;
  /** `sum`, `gauge` or `exponentialHistogram`. */
  readonly [kind: string]: unknown;
}

interface JsonData {
  readonly dataPoints: readonly { readonly attributes?: readonly JsonAttribute[] }[];
}

/** Those of Skep, in a request in JSON about one resource. */
function metricsIn(request: Uint8Array): readonly JsonMetric[] {
  const { resourceMetrics } = JSON.parse(Buffer.from(request).toString());
  return resourceMetrics[0].scopeMetrics.find((ofScope: { scope: { name: string } }) => ofScope.scope.name === "skep")
    .metrics;
}

/** Each point by its metric and its attributes, `own` included, in the form that {@link plain} gives it. */
function pointsByName(
  { name, description, unit, ...rest }: JsonMetric,
  own: readonly JsonAttribute[] = [],
): [name: string, point: unknown][] {
  return Object.entries(rest).flatMap(([kind, data]) => {
    const { dataPoints, ...head } = data as JsonData;
    return dataPoints.map(({ attributes = [], ...point }): [string, unknown] => {
      const labels = [...own, ...attributes].map(({ key, value }) => `${key}=${JSON.stringify(plain(value))}`).sort();
      // The SDK gives a start to gauges too, which means nothing, and knows no zero threshold.
      const absent = { zeroThreshold: 0, ...(kind === "gauge" && { startTimeUnixNano: 0 }) };
      return [`${name} ${labels}`, plain({ kind, description, unit, ...head, ...point, ...absent })];
    });
  });
}

/** Whole numbers may be texts or numbers, and what is zero, false or empty may be absent: JSON lets a writer choose. */
function plain(value: unknown): unknown {
  if (typeof value === "number") return String(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, item]) => [key, plain(item)] as const);
  return Object.fromEntries(entries.filter(([, item]) => !isEmpty(item)));
}

function isEmpty(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.keys(value).length === 0;
  return value === "0" || value === false || value === "";
}

/** What a reader of the SDK exports of this registry. */
async function exported(registry: MetricRegistry): Promise<ResourceMetrics> {
  // A reader takes no resource of a producer.
  const resource = { attributes: {}, merge: () => resource, getRawAttributes: () => [] };
  const scopeMetrics = [{ scope: SCOPE, metrics: sdkMetrics(registry) }];
  const producer = { collect: async () => ({ resourceMetrics: { resource, scopeMetrics }, errors: [] }) };
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({
    exporter,
    exportIntervalMillis: 2 ** 31 - 1,
    metricProducers: [producer],
  });
  const provider = new MeterProvider({ readers: [reader] });
  await reader.forceFlush();
  const [metrics] = exporter.getMetrics();
  await provider.shutdown();
  assert.ok(metrics);
  return metrics;
}

/** Of each resource of the registry, what sets it apart, as it stands in a request. */
function ownAttributes(registry: MetricRegistry): Map<Resource, readonly JsonAttribute[]> {
  const resources = registry.tables.flatMap((table) => Array.from(table.all(), ({ resource }) => resource));
  return new Map(
    resources.map((resource) => [
      resource,
      Object.entries(resource.ownAttributes).map(([key, stringValue]) => ({ key, value: { stringValue } })),
    ]),
  );
}

test("what a reader of the SDK exports is what we send by OTLP, to the last point", async () => {
  const registry = fullRegistry();
  const request = JsonMetricsSerializer.serializeRequest(await exported(registry));
  assert.ok(request);
  const theirs = metricsIn(request).flatMap((metric) => pointsByName(metric));
  const own = ownAttributes(registry);
  const ours = resourceMetricsOf(registry, SCOPE).flatMap((ofResource) =>
    metricsIn(encodeMetrics([ofResource], "json")).flatMap((metric) =>
      pointsByName(metric, own.get(ofResource.resource)),
    ),
  );
  const names = ours.map(([name]) => name);
  assert.ok(names.some((name) => name.includes("otel.metric.overflow")));
  assert.ok(names.some((name) => name.includes("unknown_service:redis")));
  assert.equal(new Set(names).size, names.length);
  assert.deepEqual(Object.fromEntries(theirs), Object.fromEntries(ours));
});

test("the sum over each metric is that of the text for Prometheus", async () => {
  const registry = fullRegistry();
  const samples = Array.from(prometheusText(registry))
    .join("")
    .matchAll(/^(\w+)(?:\{.*\})? (\S+)$/gm);
  const sums = new Map<string, number>();
  for (const [, name = "", value] of samples) sums.set(name, (sums.get(name) ?? 0) + Number(value));
  const { scopeMetrics } = await exported(registry);
  const metrics = scopeMetrics.flatMap((ofScope) => ofScope.metrics);
  assert.ok(metrics.length > 20);
  for (const { descriptor, dataPoints } of metrics) {
    const definition = ALL_METRICS.find(({ name }) => name === descriptor.name);
    assert.ok(definition);
    const name = prometheusName(definition);
    if (definition.kind === "histogram") {
      const histograms = dataPoints.map(({ value }) => value as ExponentialHistogram);
      assert.equal(sumOf(histograms.map(({ count }) => count)), sums.get(`${name}_count`), name);
      assert.equal(sumOf(histograms.map(({ sum }) => sum ?? Number.NaN)), sums.get(`${name}_sum`), name);
    } else {
      assert.equal(sumOf(dataPoints.map(({ value }) => value as number)), sums.get(name), name);
    }
  }
});

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
