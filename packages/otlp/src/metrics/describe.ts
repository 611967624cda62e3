import type { MessageSink } from "../encoding/message-sink.ts";
import { describeAttributes } from "../model/attributes.ts";
import { describeResource, describeScope } from "../model/resource.ts";
import type {
  Exemplar,
  ExponentialBuckets,
  ExponentialHistogram,
  ExponentialHistogramPoint,
  Gauge,
  Histogram,
  HistogramPoint,
  Metric,
  NumberPoint,
  ResourceMetrics,
  ScopeMetrics,
  Sum,
  Temporality,
} from "./metric.ts";

/** opentelemetry.proto.metrics.v1.AggregationTemporality */
const TEMPORALITIES: Readonly<Record<Temporality, number>> = { delta: 1, cumulative: 2 };

/** opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest */
export function describeMetrics(sink: MessageSink, resources: readonly ResourceMetrics[]): void {
  sink.messages(1, "resourceMetrics", resources, describeResourceMetrics);
}

function describeResourceMetrics(sink: MessageSink, { resource, scopes }: ResourceMetrics): void {
  sink.message(1, "resource", resource, describeResource);
  sink.messages(2, "scopeMetrics", scopes, describeScopeMetrics);
  sink.string(3, "schemaUrl", resource.schemaUrl);
}

function describeScopeMetrics(sink: MessageSink, { scope, metrics }: ScopeMetrics): void {
  sink.message(1, "scope", scope, describeScope);
  sink.messages(2, "metrics", metrics, describeMetric);
  sink.string(3, "schemaUrl", scope.schemaUrl);
}

function describeMetric(sink: MessageSink, metric: Metric): void {
  sink.string(1, "name", metric.name);
  sink.string(2, "description", metric.description);
  sink.string(3, "unit", metric.unit);
  switch (metric.kind) {
    case "gauge":
      sink.message(5, "gauge", metric, describeGauge);
      break;
    case "sum":
      sink.message(7, "sum", metric, describeSum);
      break;
    case "histogram":
      sink.message(9, "histogram", metric, describeHistogram);
      break;
    case "exponentialHistogram":
      sink.message(10, "exponentialHistogram", metric, describeExponentialHistogram);
      break;
    default:
      metric satisfies never;
  }
}

function describeGauge(sink: MessageSink, { valueType, points }: Gauge): void {
  sink.messages(1, "dataPoints", points, valueType === "int" ? describeIntPoint : describeDoublePoint);
}

function describeSum(sink: MessageSink, { valueType, points, temporality, monotonic }: Sum): void {
  sink.messages(1, "dataPoints", points, valueType === "int" ? describeIntPoint : describeDoublePoint);
  sink.int32(2, "aggregationTemporality", TEMPORALITIES[temporality]);
  sink.bool(3, "isMonotonic", monotonic);
}

function describeHistogram(sink: MessageSink, { points, temporality }: Histogram): void {
  sink.messages(1, "dataPoints", points, describeHistogramPoint);
  sink.int32(2, "aggregationTemporality", TEMPORALITIES[temporality]);
}

function describeExponentialHistogram(sink: MessageSink, { points, temporality }: ExponentialHistogram): void {
  sink.messages(1, "dataPoints", points, describeExponentialHistogramPoint);
  sink.int32(2, "aggregationTemporality", TEMPORALITIES[temporality]);
}

function describeIntPoint(sink: MessageSink, point: NumberPoint): void {
  sink.sfixed64(6, "asInt", point.value);
  describeNumberPoint(sink, point);
}

function describeDoublePoint(sink: MessageSink, point: NumberPoint): void {
  sink.double(4, "asDouble", Number(point.value));
  describeNumberPoint(sink, point);
}

/** The fields of NumberDataPoint beside its value. */
function describeNumberPoint(sink: MessageSink, point: NumberPoint): void {
  sink.fixed64(2, "startTimeUnixNano", point.startTimeUnixNs);
  sink.fixed64(3, "timeUnixNano", point.timeUnixNs);
  sink.messages(5, "exemplars", point.exemplars, describeExemplar);
  describeAttributes(sink, 7, "attributes", point.attributes);
  sink.uint32(8, "flags", point.flags);
}

function describeHistogramPoint(sink: MessageSink, point: HistogramPoint): void {
  sink.fixed64(2, "startTimeUnixNano", point.startTimeUnixNs);
  sink.fixed64(3, "timeUnixNano", point.timeUnixNs);
  sink.fixed64(4, "count", point.count);
  sink.double(5, "sum", point.sum);
  sink.fixed64s(6, "bucketCounts", point.bucketCounts);
  sink.doubles(7, "explicitBounds", point.explicitBounds);
  sink.messages(8, "exemplars", point.exemplars, describeExemplar);
  describeAttributes(sink, 9, "attributes", point.attributes);
  sink.uint32(10, "flags", point.flags);
  sink.double(11, "min", point.min);
  sink.double(12, "max", point.max);
}

function describeExponentialHistogramPoint(sink: MessageSink, point: ExponentialHistogramPoint): void {
  describeAttributes(sink, 1, "attributes", point.attributes);
  sink.fixed64(2, "startTimeUnixNano", point.startTimeUnixNs);
  sink.fixed64(3, "timeUnixNano", point.timeUnixNs);
  sink.fixed64(4, "count", point.count);
  sink.double(5, "sum", point.sum);
  sink.sint32(6, "scale", point.scale);
  sink.fixed64(7, "zeroCount", point.zeroCount);
  sink.message(8, "positive", point.positive, describeBuckets);
  sink.message(9, "negative", point.negative, describeBuckets);
  sink.uint32(10, "flags", point.flags);
  sink.messages(11, "exemplars", point.exemplars, describeExemplar);
  sink.double(12, "min", point.min);
  sink.double(13, "max", point.max);
  sink.double(14, "zeroThreshold", point.zeroThreshold);
}

function describeBuckets(sink: MessageSink, buckets: ExponentialBuckets): void {
  sink.sint32(1, "offset", buckets.offset);
  sink.uint64s(2, "bucketCounts", buckets.bucketCounts);
}

function describeExemplar(sink: MessageSink, exemplar: Exemplar): void {
  sink.fixed64(2, "timeUnixNano", exemplar.timeUnixNs);
  sink.double(3, "asDouble", exemplar.value);
  sink.id(4, "spanId", exemplar.spanId, 8);
  sink.id(5, "traceId", exemplar.traceId, 16);
  describeAttributes(sink, 7, "filteredAttributes", exemplar.filteredAttributes);
}
