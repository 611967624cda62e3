import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeMetrics } from "@skep/otlp/metrics";
import type { TelemetryResource } from "../resources/telemetry-resource.ts";
import type { MetricDefinition } from "./metric-definition.ts";
import { MetricRegistry } from "./metric-registry.ts";
import { resourceMetricsOf } from "./otlp-metrics.ts";

function resource(name: string): TelemetryResource {
  return { attributes: { "service.name": name }, ownAttributes: { "service.name": name }, schemaUrl: "https://s/1" };
}

function metric(name: string, changes: Partial<MetricDefinition> = {}): MetricDefinition {
  return {
    name,
    kind: "counter",
    unit: "{bee}",
    description: `${name}.`,
    attributes: ["hive"],
    of: "program",
    convention: "skep",
    ...changes,
  };
}

const meadow = resource("meadow");
const forest = resource("forest");

/** What a receiver of OTLP's JSON gets. */
function received(registry: MetricRegistry): unknown {
  const resources = resourceMetricsOf(registry, { name: "skep", version: "1.0" });
  return JSON.parse(Buffer.from(encodeMetrics(resources, "json")).toString());
}

const attributes = (name: string, value: string) => [{ key: name, value: { stringValue: value } }];

test("series are grouped by resource and metric, cumulative from their first round on", () => {
  const registry = new MetricRegistry(resource("skep"));
  const bees = registry.number(metric("bees"));
  const honey = registry.number(metric("honey", { unit: "s" }));
  registry.beginRound(100n, 200n);
  bees.add(meadow, 2, { hive: "a" });
  registry.beginRound(200n, 300n);
  bees.add(meadow, 3, { hive: "a" });
  bees.add(meadow, 1, { hive: "b" });
  honey.add(forest, 0.5, { hive: "a" });
  const sum = (points: unknown[]) => ({ dataPoints: points, aggregationTemporality: 2, isMonotonic: true });
  const point = (hive: string, start: string, value: object) => ({
    attributes: attributes("hive", hive),
    startTimeUnixNano: start,
    timeUnixNano: "300",
    ...value,
  });
  const scope = { name: "skep", version: "1.0" };
  assert.deepEqual(received(registry), {
    resourceMetrics: [
      {
        resource: { attributes: attributes("service.name", "meadow") },
        scopeMetrics: [
          {
            scope,
            metrics: [
              {
                name: "bees",
                description: "bees.",
                unit: "{bee}",
                sum: sum([point("a", "100", { asInt: "5" }), point("b", "200", { asInt: "1" })]),
              },
            ],
          },
        ],
        schemaUrl: "https://s/1",
      },
      {
        resource: { attributes: attributes("service.name", "forest") },
        scopeMetrics: [
          {
            scope,
            metrics: [
              { name: "honey", description: "honey.", unit: "s", sum: sum([point("a", "200", { asDouble: 0.5 })]) },
            ],
          },
        ],
        schemaUrl: "https://s/1",
      },
    ],
  });
});

/** The one metric of the one resource. */
function onlyMetric(registry: MetricRegistry): unknown {
  const { resourceMetrics } = received(registry) as {
    resourceMetrics: { scopeMetrics: { metrics: unknown[] }[] }[];
  };
  assert.equal(resourceMetrics.length, 1);
  return resourceMetrics[0]?.scopeMetrics[0]?.metrics[0];
}

const point = { startTimeUnixNano: "100", timeUnixNano: "200" };
const kinds: readonly [kind: MetricDefinition["kind"], metric: object][] = [
  ["counter", { sum: { dataPoints: [{ ...point, asInt: "7" }], aggregationTemporality: 2, isMonotonic: true } }],
  ["up-down-counter", { sum: { dataPoints: [{ ...point, asInt: "5" }], aggregationTemporality: 2 } }],
  ["gauge", { gauge: { dataPoints: [{ timeUnixNano: "200", asDouble: 5 }] } }],
];

for (const [kind, expected] of kinds) {
  test(`of 7 and then 5, taken over from elsewhere, a ${kind} says the right one`, () => {
    const registry = new MetricRegistry(resource("skep"));
    registry.beginRound(100n, 200n);
    const bees = registry.number(metric("bees", { kind, attributes: [] }));
    for (const value of [7, 5]) bees.set(meadow, value);
    assert.deepEqual(withoutFalse(onlyMetric(registry)), {
      name: "bees",
      description: "bees.",
      unit: "{bee}",
      ...expected,
    });
  });
}

/** In JSON a false field may be there or not. */
function withoutFalse(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_, field: unknown) => (field === false ? undefined : field)));
}

test("a histogram is an exponential one of scale 0 whose counts are those of the buckets", () => {
  const registry = new MetricRegistry(resource("skep"));
  registry.beginRound(100n, 200n);
  const flights = registry.histogram(metric("flight", { kind: "histogram", unit: "ns" }));
  for (const _ of [1, 2])
    flights.add(
      meadow,
      [
        [0, 2, 1],
        [64, 128, 2],
        [512, 1024, 3],
      ],
      2500,
      { hive: "a" },
    );
  assert.deepEqual(onlyMetric(registry), {
    name: "flight",
    description: "flight.",
    unit: "ns",
    exponentialHistogram: {
      dataPoints: [
        {
          attributes: attributes("hive", "a"),
          ...point,
          count: "12",
          sum: 5000,
          scale: 0,
          zeroCount: "2",
          positive: { offset: 6, bucketCounts: ["4", "0", "0", "6"] },
          zeroThreshold: 1,
        },
      ],
      aggregationTemporality: 2,
    },
  });
});
