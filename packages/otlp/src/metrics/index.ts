import { type Encoding, encodeMessage } from "../encoding/encode.ts";
import type { Signal } from "../model/signal.ts";
import { describeMetrics } from "./describe.ts";
import type { ResourceMetrics } from "./metric.ts";

export type { Encoding } from "../encoding/encode.ts";
export { type AnyValue, type Attributes, DoubleValue } from "../model/attributes.ts";
export type { Resource, Scope } from "../model/resource.ts";
export type { Signal } from "../model/signal.ts";
export type {
  Exemplar,
  ExponentialBuckets,
  ExponentialHistogram,
  ExponentialHistogramPoint,
  Gauge,
  Histogram,
  HistogramPoint,
  Metric,
  NumberPoint,
  NumberType,
  ResourceMetrics,
  ScopeMetrics,
  Sum,
  Temporality,
} from "./metric.ts";

/** The signal of metrics; its items are data points. */
export const metrics: Signal<readonly ResourceMetrics[]> = {
  name: "metrics",
  httpPath: "v1/metrics",
  grpcPath: "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
  itemName: "data points",
  describe: describeMetrics,
  itemCount: (resources) => {
    let count = 0;
    for (const { scopes } of resources) {
      for (const { metrics } of scopes) for (const { points } of metrics) count += points.length;
    }
    return count;
  },
};

/**
 * The body of an export request: `ExportMetricsServiceRequest`.
 *
 * @throws OtlpError of code `invalid-data` for an id or a number that OTLP cannot say.
 */
export function encodeMetrics(resources: readonly ResourceMetrics[], encoding: Encoding = "protobuf"): Uint8Array {
  return encodeMessage(describeMetrics, resources, encoding);
}
