import assert from "node:assert/strict";
import { test } from "node:test";
import type { TelemetryResource } from "../resources/telemetry-resource.ts";
import type { MetricDefinition } from "./metric-definition.ts";
import { SeriesTable } from "./series-table.ts";

const definition: MetricDefinition = {
  name: "bees",
  kind: "counter",
  unit: "{bee}",
  description: "Bees.",
  attributes: ["hive", "color"],
  of: "program",
  convention: "skep",
};

function resource(name: string): TelemetryResource {
  return { attributes: { "service.name": name }, ownAttributes: { "service.name": name }, schemaUrl: "" };
}

const agent = resource("skep");
const meadow = resource("meadow");

function total(table: SeriesTable<{ count: number }>): number {
  return Array.from(table.all()).reduce((sum, { value }) => sum + value.count, 0);
}

test("beyond the limit everything goes into one series, and the sum stays exact", () => {
  const table = new SeriesTable(definition, 10, agent, () => ({ count: 0 }));
  for (let hive = 0; hive < 100; hive++) table.series(meadow, { hive }, 5n).value.count += 1;
  assert.equal(table.size, 10);
  assert.equal(table.overflowCount, 91);
  assert.equal(total(table), 100);
  const last = Array.from(table.all()).at(-1);
  assert.equal(last?.resource, agent);
  assert.deepEqual(last.attributes, { "otel.metric.overflow": true });
  assert.equal(last.value.count, 91);
});

test("a series that is there already has room however full it is", () => {
  const table = new SeriesTable(definition, 2, agent, () => ({ count: 0 }));
  const first = table.series(meadow, { hive: 1 }, 5n);
  table.series(meadow, { hive: 2 }, 5n);
  assert.equal(table.series(meadow, { hive: 1 }, 9n), first);
  assert.equal(first.startUnixNs, 5n);
});

test("a resource that is gone makes room, and starts anew when it comes back", () => {
  const table = new SeriesTable(definition, 3, agent, () => ({ count: 0 }));
  table.series(meadow, { hive: 1 }, 5n).value.count = 7;
  table.series(meadow, { hive: 2 }, 5n);
  table.forget(meadow);
  assert.equal(table.size, 0);
  const again = table.series(meadow, { hive: 1 }, 9n);
  assert.deepEqual([again.value.count, again.startUnixNs, table.size], [0, 9n, 1]);
  table.forget(agent);
  assert.equal(table.size, 1);
});

test("attributes in another order, and those that are missing, make the same or another series", () => {
  const table = new SeriesTable(definition, 10, agent, () => ({ count: 0 }));
  const series = table.series(meadow, { hive: "a", color: "b" }, 5n);
  assert.equal(table.series(meadow, { color: "b", hive: "a" }, 5n), series);
  assert.notEqual(table.series(meadow, { hive: "a" }, 5n), series);
  assert.notEqual(table.series(meadow, { color: "a" }, 5n), table.series(meadow, { hive: "a" }, 5n));
});
