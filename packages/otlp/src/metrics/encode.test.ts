import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { OtlpError } from "../errors.ts";
import { attributes, counts, ids, resources, scopes, someTime, times, uint32s } from "../testing/arbitraries.ts";
import { decodeJson, decodeProtobuf } from "../testing/decode.ts";
import {
  type Exemplar,
  type ExponentialBuckets,
  type ExponentialHistogramPoint,
  encodeMetrics,
  type HistogramPoint,
  type Metric,
  metrics,
  type NumberPoint,
  type ResourceMetrics,
} from "./index.ts";

const REQUEST = "ExportMetricsServiceRequest";

function requestOf(list: readonly Metric[]): ResourceMetrics[] {
  return [{ resource: { attributes: {} }, scopes: [{ scope: { name: "skep" }, metrics: list }] }];
}

/** What the published schema reads of the first metric, from both encodings. */
function decoded(metric: Metric): unknown {
  const request = requestOf([metric]);
  const metricOf = (decodedRequest: unknown) =>
    (decodedRequest as { resourceMetrics: [{ scopeMetrics: [{ metrics: [unknown] }] }] }).resourceMetrics[0]
      .scopeMetrics[0].metrics[0];
  const json = metricOf(decodeJson(REQUEST, encodeMetrics(request, "json")));
  assert.deepEqual(metricOf(decodeProtobuf(REQUEST, encodeMetrics(request))), json);
  return json;
}

const time = { startTimeUnixNs: someTime - 10n, timeUnixNs: someTime };
const decodedTime = { startTimeUnixNano: "1795000000123456779", timeUnixNano: "1795000000123456789" };

test("a gauge keeps the type of its values, whole or not", () => {
  const points: NumberPoint[] = [
    { timeUnixNs: someTime, value: 1 },
    { timeUnixNs: someTime, value: 1.5, flags: 1 },
  ];
  assert.deepEqual(decoded({ kind: "gauge", name: "load", unit: "1", valueType: "double", points }), {
    name: "load",
    unit: "1",
    gauge: {
      dataPoints: [
        { timeUnixNano: "1795000000123456789", asDouble: 1 },
        { timeUnixNano: "1795000000123456789", asDouble: 1.5, flags: 1 },
      ],
    },
  });
});

test("a sum says whether it is monotonic, and since when it counts", () => {
  const points: NumberPoint[] = [{ ...time, value: -(2n ** 63n), attributes: { cpu: 0 } }];
  const sum = { kind: "sum", name: "switches", valueType: "int", points } as const;
  const dataPoints = [
    { ...decodedTime, asInt: "-9223372036854775808", attributes: [{ key: "cpu", value: { intValue: "0" } }] },
  ];
  assert.deepEqual(decoded({ ...sum, monotonic: true, temporality: "cumulative" }), {
    name: "switches",
    sum: { dataPoints, aggregationTemporality: "AGGREGATION_TEMPORALITY_CUMULATIVE", isMonotonic: true },
  });
  assert.deepEqual(decoded({ ...sum, monotonic: false, temporality: "delta", description: "of threads" }), {
    name: "switches",
    description: "of threads",
    sum: { dataPoints, aggregationTemporality: "AGGREGATION_TEMPORALITY_DELTA" },
  });
});

test("a histogram keeps its bounds and counts; a sum of 0 is not an absent one", () => {
  const exemplars: Exemplar[] = [
    {
      timeUnixNs: someTime,
      value: 0.25,
      traceId: "a".repeat(32),
      spanId: "b".repeat(16),
      filteredAttributes: { pid: 7 },
    },
  ];
  const points: HistogramPoint[] = [
    { ...time, count: 6, sum: 0, min: 0, max: 2, explicitBounds: [0.5, 1], bucketCounts: [1, 2n, 3], exemplars },
    { ...time, count: 6, explicitBounds: Float64Array.of(0.5), bucketCounts: BigUint64Array.of(1n, 5n), flags: 1 },
  ];
  assert.deepEqual(decoded({ kind: "histogram", name: "d", unit: "s", temporality: "cumulative", points }), {
    name: "d",
    unit: "s",
    histogram: {
      aggregationTemporality: "AGGREGATION_TEMPORALITY_CUMULATIVE",
      dataPoints: [
        {
          ...decodedTime,
          count: "6",
          sum: 0,
          min: 0,
          max: 2,
          explicitBounds: [0.5, 1],
          bucketCounts: ["1", "2", "3"],
          exemplars: [
            {
              timeUnixNano: "1795000000123456789",
              asDouble: 0.25,
              traceId: Buffer.alloc(16, 0xaa).toString("base64"),
              spanId: Buffer.alloc(8, 0xbb).toString("base64"),
              filteredAttributes: [{ key: "pid", value: { intValue: "7" } }],
            },
          ],
        },
        { ...decodedTime, count: "6", explicitBounds: [0.5], bucketCounts: ["1", "5"], flags: 1 },
      ],
    },
  });
});

test("an exponential histogram keeps scale, offsets and the bucket of zero", () => {
  const point: ExponentialHistogramPoint = {
    ...time,
    count: 10n,
    sum: 1.5,
    min: -1,
    max: 2,
    scale: -3,
    zeroCount: 4,
    zeroThreshold: 0.001,
    positive: { offset: -2, bucketCounts: Uint32Array.of(1, 300) },
    negative: { offset: 5, bucketCounts: [2] },
  };
  assert.deepEqual(decoded({ kind: "exponentialHistogram", name: "d", temporality: "delta", points: [point] }), {
    name: "d",
    exponentialHistogram: {
      aggregationTemporality: "AGGREGATION_TEMPORALITY_DELTA",
      dataPoints: [
        {
          ...decodedTime,
          count: "10",
          sum: 1.5,
          min: -1,
          max: 2,
          scale: -3,
          zeroCount: "4",
          zeroThreshold: 0.001,
          positive: { offset: -2, bucketCounts: ["1", "300"] },
          negative: { offset: 5, bucketCounts: ["2"] },
        },
      ],
    },
  });
});

test("a fraction in a metric of whole numbers is refused, and so is a negative count", () => {
  const cases: readonly (readonly [Metric, string])[] = [
    [
      { kind: "gauge", name: "g", valueType: "int", points: [{ timeUnixNs: 0n, value: 1.5 }] },
      "asInt is 1.5, which int64 cannot hold",
    ],
    [
      {
        kind: "histogram",
        name: "h",
        temporality: "delta",
        points: [{ timeUnixNs: 0n, count: -1, explicitBounds: [], bucketCounts: [] }],
      },
      "count is -1, which uint64 cannot hold",
    ],
    [
      {
        kind: "histogram",
        name: "h",
        temporality: "delta",
        points: [{ timeUnixNs: 0n, count: 1, explicitBounds: [], bucketCounts: [Number.NaN] }],
      },
      "bucketCounts is NaN, which uint64 cannot hold",
    ],
  ];
  for (const [metric, message] of cases) {
    for (const encoding of ["protobuf", "json"] as const) {
      assert.throws(
        () => encodeMetrics(requestOf([metric]), encoding),
        (error) => error instanceof OtlpError && error.code === "invalid-data" && error.message === message,
      );
    }
  }
});

const exemplars = fc.array(
  fc.record(
    { timeUnixNs: times, value: fc.double(), traceId: ids(16), spanId: ids(8), filteredAttributes: attributes },
    { requiredKeys: ["timeUnixNs", "value"] },
  ),
  { maxLength: 2 },
);
const pointFields = { attributes, startTimeUnixNs: times, timeUnixNs: times, exemplars, flags: uint32s };
const points = <Value>(value: fc.Arbitrary<Value>) =>
  fc.array(fc.record({ ...pointFields, value }, { requiredKeys: ["timeUnixNs", "value"] }), { maxLength: 3 });
const distribution = { count: counts, sum: fc.double(), min: fc.double(), max: fc.double() };
const histogramPoints: fc.Arbitrary<HistogramPoint> = fc.record(
  { ...pointFields, ...distribution, explicitBounds: fc.array(fc.double()), bucketCounts: fc.array(counts) },
  { requiredKeys: ["timeUnixNs", "count", "explicitBounds", "bucketCounts"] },
);
const buckets: fc.Arbitrary<ExponentialBuckets> = fc.record({
  offset: fc.integer(),
  bucketCounts: fc.oneof(fc.array(counts), fc.uint32Array()),
});
const exponentialPoints: fc.Arbitrary<ExponentialHistogramPoint> = fc.record(
  {
    ...pointFields,
    ...distribution,
    scale: fc.integer(),
    zeroCount: counts,
    zeroThreshold: fc.double(),
    positive: buckets,
    negative: buckets,
  },
  { requiredKeys: ["timeUnixNs", "count", "scale", "zeroCount"] },
);
const head = { name: fc.string(), description: fc.string(), unit: fc.string() };
const temporality = fc.constantFrom("delta" as const, "cumulative" as const);
const valuesOfType = fc.oneof(
  fc.record({
    valueType: fc.constant("int" as const),
    points: points(fc.oneof(fc.maxSafeInteger(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }))),
  }),
  fc.record({ valueType: fc.constant("double" as const), points: points(fc.double()) }),
);
const anyMetrics: fc.Arbitrary<Metric> = fc.oneof(
  fc
    .record({ ...head, values: valuesOfType })
    .map(({ values, ...rest }) => ({ kind: "gauge" as const, ...rest, ...values })),
  fc
    .record({ ...head, temporality, monotonic: fc.boolean(), values: valuesOfType })
    .map(({ values, ...rest }) => ({ kind: "sum" as const, ...rest, ...values })),
  fc.record({
    kind: fc.constant("histogram" as const),
    ...head,
    temporality,
    points: fc.array(histogramPoints, { maxLength: 2 }),
  }),
  fc.record({
    kind: fc.constant("exponentialHistogram" as const),
    ...head,
    temporality,
    points: fc.array(exponentialPoints, { maxLength: 2 }),
  }),
);
const requests = fc.array(
  fc.record({
    resource: resources,
    scopes: fc.array(fc.record({ scope: scopes, metrics: fc.array(anyMetrics, { maxLength: 3 }) }), { maxLength: 2 }),
  }),
  { maxLength: 2 },
);

test("any metrics decode without unknown fields, and JSON says what protobuf says", () => {
  fc.assert(
    fc.property(requests, (request) => {
      assert.deepEqual(
        decodeJson(REQUEST, encodeMetrics(request, "json")),
        decodeProtobuf(REQUEST, encodeMetrics(request)),
      );
    }),
  );
});

test("the items of a request are its data points", () => {
  const point = { timeUnixNs: 0n, value: 1 };
  const gauge: Metric = { kind: "gauge", name: "g", valueType: "int", points: [point, point] };
  assert.equal(metrics.itemCount([...requestOf([gauge, gauge]), ...requestOf([{ ...gauge, points: [point] }])]), 5);
});
