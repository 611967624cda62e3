import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import type { TelemetryResource } from "../resources/telemetry-resource.ts";
import type { MetricDefinition } from "./metric-definition.ts";
import { MetricRegistry } from "./metric-registry.ts";
import { prometheusText } from "./prometheus-text.ts";

/** Prometheus' own client for Python, a package of Debian, reads the text and tells what it has understood. */
const READ = `
import json, sys
from prometheus_client.parser import text_string_to_metric_families
families = [
    {"name": f.name, "type": f.type, "help": f.documentation, "samples": [[s.name, s.labels, s.value] for s in f.samples]}
    for f in text_string_to_metric_families(sys.stdin.read())
]
json.dump(families, sys.stdout)
`;

interface Family {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: readonly (readonly [name: string, labels: Record<string, string>, value: number])[];
}

function understood(registry: MetricRegistry): readonly Family[] {
  const input = Array.from(prometheusText(registry)).join("");
  return JSON.parse(execFileSync("/usr/bin/python3", ["-c", READ], { input, encoding: "utf8" }));
}

function metric(changes: Partial<MetricDefinition>): MetricDefinition {
  return {
    name: "bees.seen",
    kind: "counter",
    unit: "{bee}",
    description: "Bees.",
    attributes: ["hive"],
    of: "program",
    convention: "skep",
    ...changes,
  };
}

const own = { "service.name": 'a "quoted" \\ name\nof two lines', "k8s.pod.name": "pod-1" };
const program: TelemetryResource = { attributes: own, ownAttributes: own, schemaUrl: "" };
const labels = { service_name: own["service.name"], k8s_pod_name: "pod-1" };

test("Prometheus' client reads names, types, labels and values as they were meant", () => {
  const registry = new MetricRegistry(program);
  registry.number(metric({ description: "Back\\slash\nand line." })).add(program, 3, { hive: "näve" });
  registry.number(metric({ name: "bees.memory", unit: "By", kind: "up-down-counter" })).set(program, 2 ** 40);
  registry.number(metric({ name: "bees.time", unit: "s" })).add(program, 1e-9);
  const [counter, amount, time] = understood(registry);
  assert.deepEqual(counter, {
    name: "bees_seen",
    type: "counter",
    help: "Back\\slash\nand line.",
    samples: [["bees_seen_total", { ...labels, hive: "näve" }, 3]],
  });
  assert.deepEqual([amount?.type, amount?.samples], ["gauge", [["bees_memory_bytes", labels, 2 ** 40]]]);
  assert.deepEqual(time?.samples, [["bees_time_seconds_total", labels, 1e-9]]);
});

test("Prometheus' client finds a histogram whose buckets add up", () => {
  const registry = new MetricRegistry(program);
  const flights = registry.histogram(metric({ name: "flight", kind: "histogram", unit: "ns" }));
  flights.add(
    program,
    [
      [0, 2, 1],
      [2048, 4096, 4],
      [2 ** 50, 2 ** 51, 1],
    ],
    5e15,
    { hive: "a" },
  );
  const [family] = understood(registry);
  assert.equal(family?.type, "histogram");
  const buckets = family.samples.filter(([name]) => name === "flight_nanoseconds_bucket");
  const counts = buckets.map(([, , count]) => count);
  assert.deepEqual(
    counts,
    counts.toSorted((a, b) => a - b),
  );
  assert.deepEqual(counts.slice(0, 2), [1, 5]);
  assert.deepEqual(buckets.at(-1)?.[1]["le"], "+Inf");
  const count = family.samples.find(([name]) => name === "flight_nanoseconds_count");
  assert.deepEqual([counts.at(-1), count?.[2]], [6, 6]);
});
