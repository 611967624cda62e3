import type { Metric, ResourceMetrics, Scope } from "@skep/otlp/metrics";
import type { TelemetryResource } from "../resources/telemetry-resource.ts";
import type { Distribution } from "./distribution.ts";
import { isWhole, type MetricDefinition } from "./metric-definition.ts";
import type { MetricRegistry } from "./metric-registry.ts";
import type { Series, SeriesTable } from "./series-table.ts";

/** All metrics as OTLP has them: cumulative, by resource. */
export function resourceMetricsOf(registry: MetricRegistry, scope: Scope): ResourceMetrics[] {
  const metricsByResource = new Map<TelemetryResource, Metric[]>();
  const add = (resource: TelemetryResource, metric: Metric) => {
    const metrics = metricsByResource.get(resource);
    if (metrics === undefined) metricsByResource.set(resource, [metric]);
    else metrics.push(metric);
  };
  for (const table of registry.numberTables) {
    for (const [resource, series] of seriesByResource(table)) {
      add(resource, numberMetric(table.definition, series, registry.timeUnixNs));
    }
  }
  for (const table of registry.histogramTables) {
    for (const [resource, series] of seriesByResource(table)) {
      add(resource, histogramMetric(table.definition, series, registry.timeUnixNs));
    }
  }
  return Array.from(metricsByResource, ([resource, metrics]) => ({ resource, scopes: [{ scope, metrics }] }));
}

function seriesByResource<Value>(table: SeriesTable<Value>): Map<TelemetryResource, Series<Value>[]> {
  return Map.groupBy(table.all(), ({ resource }) => resource);
}

function numberMetric(definition: MetricDefinition, series: readonly Series<number>[], timeUnixNs: bigint): Metric {
  const { name, description, unit, kind } = definition;
  const head = { name, description, unit, valueType: isWhole(definition) ? "int" : "double" } as const;
  if (kind === "gauge") {
    return { ...head, kind, points: series.map(({ attributes, value }) => ({ attributes, timeUnixNs, value })) };
  }
  const points = series.map(({ attributes, startUnixNs, value }) => ({
    attributes,
    startTimeUnixNs: startUnixNs,
    timeUnixNs,
    value,
  }));
  return { ...head, kind: "sum", temporality: "cumulative", monotonic: kind === "counter", points };
}

function histogramMetric(
  { name, description, unit }: MetricDefinition,
  series: readonly Series<Distribution>[],
  timeUnixNs: bigint,
): Metric {
  const points = series.map(({ attributes, startUnixNs, value }) => ({
    attributes,
    startTimeUnixNs: startUnixNs,
    timeUnixNs,
    count: value.count,
    sum: value.sum,
    scale: value.scale,
    zeroCount: value.zeroCount,
    zeroThreshold: value.zeroThreshold,
    positive: { offset: value.offset, bucketCounts: value.bucketCounts },
  }));
  return { name, description, unit, kind: "exponentialHistogram", temporality: "cumulative", points };
}
