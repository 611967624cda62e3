import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { joinRows, type RowShape, RowsBuilder } from "./rows.ts";

const shape: RowShape<"count" | "longest"> = { values: ["count", "longest"], weight: "count", maxima: ["longest"] };

const entries = fc.array(
  fc.record({ first: fc.nat(20), second: fc.nat(20), count: fc.nat(1000), longest: fc.nat(1000) }),
  { maxLength: 100 },
);

function rowsOf(list: readonly { first: number; second: number; count: number; longest: number }[], maximum?: number) {
  const builder = new RowsBuilder(shape);
  for (const { first, second, count, longest } of list) builder.add(first, second, [count, longest]);
  return builder.build(maximum);
}

test("joining and folding leave sums and maxima as they were", () => {
  fc.assert(
    fc.property(entries, entries, fc.integer({ min: 1, max: 50 }), (a, b, maximumRows) => {
      const joined = joinRows(shape, [rowsOf(a, maximumRows), rowsOf(b)], maximumRows);
      const all = [...a, ...b];
      assert.equal(
        joined.sum("count"),
        all.reduce((sum, { count }) => sum + count, 0),
      );
      assert.equal(
        joined.column("longest").reduce((max, value) => Math.max(max, value), 0),
        all.reduce((max, { longest }) => Math.max(max, longest), 0),
      );
      assert.ok(joined.size <= maximumRows);
    }),
  );
});

test("the heaviest rows stay, the light ones become one for each first key", () => {
  const list = Array.from({ length: 10 }, (_, index) => ({ first: 1, second: index, count: index, longest: index }));
  const rows = rowsOf(list, 4);
  const seen: unknown[] = [];
  rows.each((first, second, { count, longest }) => seen.push([first, second, count, longest]));
  assert.deepEqual(seen, [
    [1, 9, 9, 9],
    [1, 8, 8, 8],
    [1, 7, 7, 7],
    [1, 0, 21, 6],
  ]);
  assert.equal(rows.folded, 6);
  // Each of them with a first key of its own: even those are too many.
  const apart = rowsOf(
    list.map((row) => ({ ...row, first: row.second + 1 })),
    4,
  );
  assert.deepEqual(Array.from(apart.first), [10, 9, 8, 0]);
});

test("keys that would run into each other are refused", () => {
  assert.throws(() => new RowsBuilder(shape).add(0, 2 ** 26, [1, 1]), RangeError);
});
