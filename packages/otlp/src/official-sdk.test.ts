/** Equal data gives messages that decode to the same as those of the official OpenTelemetry SDK. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { type HrTime, ROOT_CONTEXT, SpanKind, SpanStatusCode, TraceFlags, trace } from "@opentelemetry/api";
import {
  type ISerializer,
  JsonLogsSerializer,
  JsonMetricsSerializer,
  JsonTraceSerializer,
  ProtobufLogsSerializer,
  ProtobufMetricsSerializer,
  ProtobufTraceSerializer,
} from "@opentelemetry/otlp-transformer";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { InMemoryLogRecordExporter, LoggerProvider, SimpleLogRecordProcessor } from "@opentelemetry/sdk-logs";
import {
  AggregationTemporality,
  AggregationType,
  DataPointType,
  MeterProvider,
  type MetricData,
  MetricReader,
} from "@opentelemetry/sdk-metrics";
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { encodeLogs } from "./logs/index.ts";
import { type Attributes, encodeMetrics, type Metric } from "./metrics/index.ts";
import { decodeJson, decodeProtobuf } from "./testing/decode.ts";
import { encodeTraces, type Span } from "./traces/index.ts";

const resourceAttributes = { "service.name": "api", "process.pid": 4242, "host.ratio": 0.25, tags: ["a", "b"] };
const sdkResource = resourceFromAttributes(resourceAttributes);
const resource = { attributes: resourceAttributes };
const scope = { name: "skep", version: "0.1.0" };

const toHrTime = (ns: bigint): HrTime => [Number(ns / 1_000_000_000n), Number(ns % 1_000_000_000n)];
const toNs = ([seconds, ns]: HrTime): bigint => BigInt(seconds) * 1_000_000_000n + BigInt(ns);
const start = 1_795_000_000_123_456_789n;

/** Both of our encodings against both of theirs. */
function assertSame<Request>(
  message: string,
  ours: { readonly protobuf: Uint8Array; readonly json: Uint8Array },
  request: Request,
  theirs: { readonly protobuf: ISerializer<Request, unknown>; readonly json: ISerializer<Request, unknown> },
): void {
  const protobuf = theirs.protobuf.serializeRequest(request);
  const json = theirs.json.serializeRequest(request);
  assert.ok(protobuf !== undefined && json !== undefined);
  const expected = decodeProtobuf(message, protobuf);
  assert.deepEqual(decodeProtobuf(message, ours.protobuf), expected);
  assert.deepEqual(decodeJson(message, ours.json), expected);
  assert.deepEqual(decodeJson(message, json), expected);
}

test("spans", () => {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({
    resource: sdkResource,
    spanProcessors: [new SimpleSpanProcessor({ exporter })],
  });
  const tracer = provider.getTracer(scope.name, scope.version);
  const linked = {
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: "b7ad6b7169203331",
    traceFlags: TraceFlags.NONE,
  };
  const attributes = { method: "GET", status: 500, ratio: 0.5, cached: false, list: [1, 2], text: "Grüße ✓" };

  const parent = tracer.startSpan("parent", { kind: SpanKind.SERVER, startTime: toHrTime(start), attributes });
  const child = tracer.startSpan(
    "child",
    {
      kind: SpanKind.CLIENT,
      startTime: toHrTime(start + 10n),
      links: [{ context: linked, attributes: { why: "batch" } }],
    },
    trace.setSpan(ROOT_CONTEXT, parent),
  );
  child.addEvent("retry", { attempt: 2 }, toHrTime(start + 20n));
  child.setStatus({ code: SpanStatusCode.ERROR, message: "boom" });
  child.end(toHrTime(start + 30n));
  parent.end(toHrTime(start + 40n));

  const { traceId, spanId: parentSpanId } = parent.spanContext();
  const sampledLocally = 0x101;
  const spans: Span[] = [
    {
      traceId,
      spanId: child.spanContext().spanId,
      parentSpanId,
      flags: sampledLocally,
      name: "child",
      kind: "client",
      startTimeUnixNs: start + 10n,
      endTimeUnixNs: start + 30n,
      events: [{ timeUnixNs: start + 20n, name: "retry", attributes: { attempt: 2 } }],
      links: [{ traceId: linked.traceId, spanId: linked.spanId, attributes: { why: "batch" }, flags: 0x100 }],
      status: { code: "error", message: "boom" },
    },
    {
      traceId,
      spanId: parentSpanId,
      flags: sampledLocally,
      name: "parent",
      kind: "server",
      startTimeUnixNs: start,
      endTimeUnixNs: start + 40n,
      attributes,
      status: { code: "unset" },
    },
  ];
  const request = [{ resource, scopes: [{ scope, spans }] }];
  assertSame(
    "ExportTraceServiceRequest",
    { protobuf: encodeTraces(request), json: encodeTraces(request, "json") },
    exporter.getFinishedSpans(),
    { protobuf: ProtobufTraceSerializer, json: JsonTraceSerializer },
  );
});

test("log records", () => {
  const exporter = new InMemoryLogRecordExporter();
  const provider = new LoggerProvider({
    resource: sdkResource,
    processors: [new SimpleLogRecordProcessor({ exporter })],
  });
  const logger = provider.getLogger(scope.name, scope.version);
  const attributes = { "process.pid": 4242, "process.command": "/bin/ls", success: true };
  logger.emit({
    eventName: "process.exec",
    timestamp: toHrTime(start),
    observedTimestamp: toHrTime(start + 5n),
    severityNumber: 9,
    severityText: "INFO",
    body: { file: "/bin/ls", arguments: ["ls", "-l"], umask: 18 },
    attributes,
  });
  logger.emit({ timestamp: toHrTime(start), observedTimestamp: toHrTime(start), body: "plain" });

  const request = [
    {
      resource,
      scopes: [
        {
          scope,
          records: [
            {
              eventName: "process.exec",
              timeUnixNs: start,
              observedTimeUnixNs: start + 5n,
              severityNumber: 9,
              severityText: "INFO",
              body: { file: "/bin/ls", arguments: ["ls", "-l"], umask: 18 },
              attributes,
            },
            { timeUnixNs: start, observedTimeUnixNs: start, body: "plain" },
          ],
        },
      ],
    },
  ];
  assertSame(
    "ExportLogsServiceRequest",
    { protobuf: encodeLogs(request), json: encodeLogs(request, "json") },
    exporter.getFinishedLogRecords(),
    { protobuf: ProtobufLogsSerializer, json: JsonLogsSerializer },
  );
});

class ManualReader extends MetricReader {
  override async onShutdown(): Promise<void> {
    // Nothing to let go of.
  }

  override async onForceFlush(): Promise<void> {
    // Nothing is held back.
  }
}

test("metrics", async () => {
  const reader = new ManualReader();
  const provider = new MeterProvider({
    resource: sdkResource,
    readers: [reader],
    views: [
      {
        instrumentName: "latency.exponential",
        aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM, options: { maxSize: 20 } },
      },
    ],
  });
  const meter = provider.getMeter(scope.name, scope.version);
  meter.createCounter("requests", { unit: "{request}", description: "seen" }).add(3, { route: "/a" });
  meter.createUpDownCounter("queue").add(-2);
  meter.createObservableGauge("load").addCallback((result) => result.observe(0.75, { cpu: 1 }));
  const advice = { explicitBucketBoundaries: [0.1, 1, 10] };
  const latency = meter.createHistogram("latency", { unit: "s", advice });
  const exponential = meter.createHistogram("latency.exponential", { unit: "s" });
  for (const value of [0, 0.05, 0.5, 0.75, 3, 1000]) {
    latency.record(value);
    exponential.record(value, { kind: "any" });
  }

  const { resourceMetrics, errors } = await reader.collect();
  assert.deepEqual(errors, []);
  const [scopeMetrics] = resourceMetrics.scopeMetrics;
  assert.equal(scopeMetrics?.metrics.length, 5);
  const request = [{ resource, scopes: [{ scope, metrics: scopeMetrics.metrics.map(metricOf) }] }];
  assertSame(
    "ExportMetricsServiceRequest",
    { protobuf: encodeMetrics(request), json: encodeMetrics(request, "json") },
    resourceMetrics,
    { protobuf: ProtobufMetricsSerializer, json: JsonMetricsSerializer },
  );
  await provider.shutdown();
});

/** What the SDK measured, in the terms of this package. */
function metricOf(data: MetricData): Metric {
  const { name, description, unit } = data.descriptor;
  const head = { name, description, unit };
  const temporality = data.aggregationTemporality === AggregationTemporality.DELTA ? "delta" : "cumulative";
  const pointOf = (point: { startTime: HrTime; endTime: HrTime; attributes: unknown }) => ({
    startTimeUnixNs: toNs(point.startTime),
    timeUnixNs: toNs(point.endTime),
    attributes: point.attributes as Attributes,
  });
  switch (data.dataPointType) {
    case DataPointType.GAUGE:
    case DataPointType.SUM: {
      // The SDK's number instruments are doubles.
      const points = data.dataPoints.map(({ value, ...point }) => ({
        ...pointOf(point),
        value,
      }));
      const common = { ...head, valueType: "double", points } as const;
      if (data.dataPointType === DataPointType.GAUGE) return { kind: "gauge", ...common };
      return { kind: "sum", ...common, temporality, monotonic: data.isMonotonic };
    }
    case DataPointType.HISTOGRAM:
      return {
        kind: "histogram",
        ...head,
        temporality,
        points: data.dataPoints.map(({ value, ...point }) => ({
          ...pointOf(point),
          count: value.count,
          sum: value.sum ?? 0,
          min: value.min ?? 0,
          max: value.max ?? 0,
          explicitBounds: value.buckets.boundaries,
          bucketCounts: value.buckets.counts,
        })),
      };
    case DataPointType.EXPONENTIAL_HISTOGRAM:
      return {
        kind: "exponentialHistogram",
        ...head,
        temporality,
        points: data.dataPoints.map(({ value, ...point }) => ({
          ...pointOf(point),
          count: value.count,
          sum: value.sum ?? 0,
          min: value.min ?? 0,
          max: value.max ?? 0,
          scale: value.scale,
          zeroCount: value.zeroCount,
          positive: value.positive,
          negative: value.negative,
        })),
      };
    default:
      return data satisfies never;
  }
}
