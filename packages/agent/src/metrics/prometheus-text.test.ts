import assert from "node:assert/strict";
import { test } from "node:test";
import type { TelemetryResource } from "../resources/telemetry-resource.ts";
import type { MetricDefinition } from "./metric-definition.ts";
import { MetricRegistry } from "./metric-registry.ts";
import { prometheusName, prometheusText } from "./prometheus-text.ts";

const host: TelemetryResource = { attributes: { "host.name": "h" }, ownAttributes: {}, schemaUrl: "" };

function program(own: Record<string, string>): TelemetryResource {
  return { attributes: { "host.name": "h", ...own }, ownAttributes: own, schemaUrl: "" };
}

function metric(changes: Partial<MetricDefinition>): MetricDefinition {
  return {
    name: "bees.seen",
    kind: "counter",
    unit: "{bee}",
    description: "Bees that were seen.",
    attributes: ["hive.color"],
    of: "program",
    convention: "skep",
    ...changes,
  };
}

function textOf(registry: MetricRegistry): string {
  return Array.from(prometheusText(registry)).join("");
}

const names: readonly [definition: Partial<MetricDefinition>, name: string][] = [
  [{}, "bees_seen_total"],
  [{ unit: "s", name: "bees.time" }, "bees_time_seconds_total"],
  [{ unit: "By", kind: "up-down-counter", name: "bees.memory" }, "bees_memory_bytes"],
  [{ unit: "ns", kind: "histogram", name: "bees.flight" }, "bees_flight_nanoseconds"],
  [{ unit: "1", kind: "gauge", name: "bees.awake" }, "bees_awake_ratio"],
  [{ unit: "{bee}", kind: "gauge", name: "2.bees-now" }, "_2_bees_now"],
];

for (const [definition, name] of names) {
  test(`${definition.name ?? "bees.seen"} in ${definition.unit ?? "{bee}"} is called ${name}`, () => {
    assert.equal(prometheusName(metric(definition)), name);
  });
}

test("a counter has its help, its type and a line for each series", () => {
  const registry = new MetricRegistry(host);
  const bees = registry.number(metric({ description: 'Bees: a \\ and\na "line".' }));
  bees.add(program({ "service.name": "meadow" }), 3, { "hive.color": "red" });
  bees.add(host, 2);
  assert.equal(
    textOf(registry),
    [
      '# HELP bees_seen_total Bees: a \\\\ and\\na "line".',
      "# TYPE bees_seen_total counter",
      'bees_seen_total{service_name="meadow",hive_color="red"} 3',
      "bees_seen_total 2",
      "",
    ].join("\n"),
  );
});

test("label values are escaped, and labels that fall together keep both values", () => {
  const registry = new MetricRegistry(host);
  const own = { "a.b": 'quote " slash \\ line\n', a_b: "other", "1st": "x" };
  registry.number(metric({ attributes: [] })).add(program(own), 1);
  assert.match(textOf(registry), /^bees_seen_total\{a_b="quote \\" slash \\\\ line\\n;other",_1st="x"\} 1$/m);
});

test("a histogram has the same buckets in every series, each exact", () => {
  const registry = new MetricRegistry(host);
  const flights = registry.histogram(metric({ name: "flight", kind: "histogram", unit: "ns" }));
  flights.add(
    host,
    [
      [0, 2, 1],
      [1024, 2048, 4],
      [2 ** 40, 2 ** 41, 2],
    ],
    1e13,
    { "hive.color": "red" },
  );
  flights.add(host, [[512, 1024, 9]], 5000);
  const lines = textOf(registry).split("\n");
  const buckets = lines.filter((line) => line.startsWith('flight_nanoseconds_bucket{hive_color="red"'));
  assert.deepEqual(buckets.map((line) => line.replace(/^.*le="(.*)"\} /, "$1 ")).slice(0, 3), [
    "1024 1",
    "8192 5",
    "65536 5",
  ]);
  assert.deepEqual(buckets.map((line) => line.replace(/^.*le="(.*)"\} /, "$1 ")).slice(-2), [
    "17179869184 5",
    "+Inf 7",
  ]);
  assert.ok(lines.includes('flight_nanoseconds_sum{hive_color="red"} 10000000000000'));
  assert.ok(lines.includes('flight_nanoseconds_count{hive_color="red"} 7'));
  assert.ok(lines.includes('flight_nanoseconds_bucket{le="1024"} 9'));
  assert.equal(lines.filter((line) => line.startsWith("flight_nanoseconds_bucket{le=")).length, buckets.length);
});

test("a metric without series is not mentioned", () => {
  const registry = new MetricRegistry(host);
  registry.number(metric({})).add(host, 0);
  assert.equal(textOf(registry), "");
});
