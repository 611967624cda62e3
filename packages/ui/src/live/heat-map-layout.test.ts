import assert from "node:assert/strict";
import { test } from "node:test";
import type { HeatMap } from "skep/answers";
import { labelledRows, layoutCells, rowText } from "./heat-map-layout.ts";
import { nextSorting, sorted } from "./sorting.ts";

const map: HeatMap = {
  columns: [
    { fromMs: 0, toMs: 10_000 },
    { fromMs: 10_000, toMs: 40_000 },
  ],
  lowestBucket: 10,
  counts: [
    [1000, 0],
    [3000, 3],
  ],
};

test("columns are as wide as their time, rows stand on their latency", () => {
  const cells = layoutCells(map, 400, 100);
  assert.deepEqual(
    cells.map(({ left, top, width, height, count }) => [left, top, width, height, count]),
    [
      [0, 50, 100, 50, 1000],
      [100, 50, 300, 50, 3000],
      [100, 0, 300, 50, 3],
    ],
  );
});

test("a color is a rate: a longer column with as many calls a second looks the same, a rare call is still seen", () => {
  const [first, second, rare] = layoutCells(map, 400, 100);
  assert.equal(first?.intensity, second?.intensity);
  assert.ok((rare?.intensity ?? 0) >= 0.12 && (rare?.intensity ?? 1) < (first?.intensity ?? 0));
});

test("labels have room, and rows have words", () => {
  assert.deepEqual(labelledRows({ ...map, counts: [Array.from({ length: 10 }, () => 1)] }, 100, 24), [0, 3, 6, 9]);
  assert.equal(rowText(map, 1), "2.0 µs to 4.1 µs");
  assert.deepEqual(layoutCells({ columns: [], lowestBucket: 0, counts: [] }, 10, 10), []);
});

test("tables are sorted by numbers or by words, and the other way at the second click", () => {
  const rows = [
    { n: 2, t: "call 10" },
    { n: 10, t: "call 9" },
  ];
  assert.deepEqual(
    sorted(rows, ({ n }) => n, true),
    rows.toReversed(),
  );
  assert.deepEqual(
    sorted(rows, ({ t }) => t, false),
    rows.toReversed(),
  );
  assert.equal(sorted(rows, undefined, true), rows);
  const byNumber = nextSorting({ column: "t", descending: false }, "n", false);
  assert.deepEqual(byNumber, { column: "n", descending: true });
  assert.deepEqual(nextSorting(byNumber, "n", false), { column: "n", descending: false });
});
