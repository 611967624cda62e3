import type {
  DataPoint,
  ExponentialHistogram,
  ExponentialHistogramMetricData,
  GaugeMetricData,
  MetricData,
  MetricDescriptor,
  SumMetricData,
} from "@opentelemetry/sdk-metrics";
import type { Distribution } from "../metrics/distribution.ts";
import { isWhole, type MetricDefinition } from "../metrics/metric-definition.ts";
import type { MetricRegistry } from "../metrics/metric-registry.ts";
import type { Series, SeriesTable } from "../metrics/series-table.ts";
import { hrTime } from "./hr-time.ts";

// The values of the SDK's enums (sdk-metrics/src/export, api/src/metrics/Metric.ts): importing them would load the SDK.
// The types of what is made of them hold them to the names.
const CUMULATIVE = 1;
const EXPONENTIAL_HISTOGRAM = 1;
const GAUGE = 2;
const SUM = 3;
const INT = 0;
const DOUBLE = 1;

/**
 * All metrics in the shape of the SDK: cumulative, the points of all resources together. Whom a point is about stands in
 * its attributes.
 *
 * The SDK has no field for the threshold of the zero bucket: values of 0 and 1 are in `zeroCount` as they are in OTLP.
 */
export function sdkMetrics(registry: MetricRegistry): MetricData[] {
  const metrics: MetricData[] = [];
  for (const table of registry.numberTables) if (table.size > 0) metrics.push(numberMetric(table, registry.timeUnixNs));
  for (const table of registry.histogramTables) {
    if (table.size > 0) metrics.push(histogramMetric(table, registry.timeUnixNs));
  }
  return metrics;
}

function numberMetric(table: SeriesTable<number>, timeUnixNs: bigint): SumMetricData | GaugeMetricData {
  const { kind } = table.definition;
  const descriptor = descriptorOf(table.definition);
  const dataPoints = pointsOf(table, timeUnixNs, (value) => value);
  const common = { descriptor, aggregationTemporality: CUMULATIVE, dataPoints } as const;
  if (kind === "gauge") return { ...common, dataPointType: GAUGE };
  return { ...common, dataPointType: SUM, isMonotonic: kind === "counter" };
}

function histogramMetric(table: SeriesTable<Distribution>, timeUnixNs: bigint): ExponentialHistogramMetricData {
  return {
    descriptor: descriptorOf(table.definition),
    aggregationTemporality: CUMULATIVE,
    dataPointType: EXPONENTIAL_HISTOGRAM,
    dataPoints: pointsOf(table, timeUnixNs, exponentialHistogram),
  };
}

function exponentialHistogram(distribution: Distribution): ExponentialHistogram {
  const { count, sum, scale, zeroCount, offset, bucketCounts } = distribution;
  return {
    count,
    sum,
    scale,
    zeroCount,
    // Copied: exporters send later, and the histogram goes on.
    positive: { offset, bucketCounts: [...bucketCounts] },
    negative: { offset: 0, bucketCounts: [] },
  };
}

function descriptorOf(definition: MetricDefinition): MetricDescriptor {
  const { name, description, unit } = definition;
  return { name, description, unit, valueType: isWhole(definition) ? INT : DOUBLE };
}

function pointsOf<Value, Point>(
  table: SeriesTable<Value>,
  timeUnixNs: bigint,
  convert: (value: Value) => Point,
): DataPoint<Point>[] {
  const endTime = hrTime(timeUnixNs);
  return Array.from(table.all(), ({ resource, attributes, startUnixNs, value }: Series<Value>) => ({
    attributes: { ...resource.ownAttributes, ...attributes },
    startTime: hrTime(startUnixNs),
    endTime,
    value: convert(value),
  }));
}
