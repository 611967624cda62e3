import assert from "node:assert/strict";
import { test } from "node:test";
import { Series } from "./series.ts";

function filled(points: number, capacity: number): Series {
  const series = new Series(capacity);
  for (let index = 0; index < points; index++) {
    series.add({
      startMs: index * 1000,
      endMs: (index + 1) * 1000,
      values: { syscalls: 100, cpuBusyShare: (index % 2) / 2, ...(index % 4 === 0 && { samples: 7 }) },
    });
  }
  return series;
}

test("what was not measured is absent, not zero", () => {
  const [first, second] = [...filled(2, 8).points()];
  assert.deepEqual(first, {
    startMs: 0,
    endMs: 1000,
    values: { samples: 7, syscalls: 100, cpuBusyShare: 0 },
  });
  assert.deepEqual(second?.values, { syscalls: 100, cpuBusyShare: 0.5 });
});

test("a full series becomes coarser in its older half; counts are added, levels averaged", () => {
  const points = [...filled(9, 8).points()];
  assert.deepEqual(
    points.map(({ startMs, endMs }) => endMs - startMs),
    [2000, 2000, 1000, 1000, 1000, 1000, 1000],
  );
  assert.deepEqual(points[0]?.values, { samples: 7, syscalls: 200, cpuBusyShare: 0.25 });
  const sum = (points: readonly { readonly values: { readonly syscalls?: number } }[]) =>
    points.reduce((total, { values }) => total + (values.syscalls ?? 0), 0);
  for (let count = 1; count < 100; count++) assert.equal(sum([...filled(count, 8).points()]), count * 100);
});

test("it takes the same memory, however much it was given, and has no gap", () => {
  const series = filled(10_000, 64);
  assert.equal(series.sizeBytes, filled(0, 64).sizeBytes);
  const points = [...series.points()];
  for (const [index, point] of points.entries()) assert.equal(point.startMs, points[index - 1]?.endMs ?? 0);
  assert.equal(points.at(-1)?.endMs, 10_000_000);
});

test("points are dropped when their time has passed", () => {
  const series = filled(8, 8);
  series.dropBefore(3000);
  assert.equal([...series.points()][0]?.startMs, 3000);
});
