import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Bucket, powerRange, sparkline } from "./sparkline.ts";

const histogram: readonly Bucket[] = [
  [0, 1, 4],
  [1, 2, 4],
  [8, 16, 1],
  [64, 128, 16],
];

test("a histogram has a bar for each power of two, and blanks where nothing was", () => {
  const range = powerRange([histogram]);
  assert.deepEqual(range, { low: 0, high: 7 });
  assert.equal(sparkline(histogram, range ?? { low: 0, high: 0 }, 20), "▄  ▁  █");
});

test("where there is less room a bar stands for several powers", () => {
  assert.equal(sparkline(histogram, { low: 0, high: 7 }, 4), "▄▁ █");
  assert.equal(sparkline(histogram, { low: 0, high: 7 }, 1), "█");
});

test("histograms share one scale, an empty one is blank", () => {
  const other: readonly Bucket[] = [[1024, 2048, 1]];
  assert.deepEqual(powerRange([histogram, other, []]), { low: 0, high: 11 });
  assert.equal(sparkline([], { low: 0, high: 3 }, 8), "   ");
  assert.equal(powerRange([[], []]), undefined);
});

test("there are never more bars than columns, and none is missing for what was counted", () => {
  const buckets = fc.uniqueArray(fc.integer({ min: 0, max: 62 }), { minLength: 1 });
  fc.assert(
    fc.property(buckets, fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 1e9 }), (powers, columns, most) => {
      const random = powers.map((power, index): Bucket => [2 ** power, 2 ** (power + 1), index === 0 ? most : 1]);
      const range = powerRange([random]) ?? { low: 0, high: 0 };
      const bars = sparkline(random, range, columns);
      assert.ok(bars.length <= columns);
      assert.ok(bars.includes("█"));
      if (range.high - range.low <= columns) assert.equal(bars.replaceAll(" ", "").length, powers.length);
    }),
  );
});
