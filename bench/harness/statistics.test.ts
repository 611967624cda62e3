import assert from "node:assert/strict";
import { test } from "node:test";
import { median, quantile } from "./statistics.ts";
import { milliseconds, percent, perSecond, ratio, spread } from "./units.ts";

test("a quantile lies between its neighbours, whatever the order of the values", () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 3, 2]), 2.5);
  assert.equal(quantile([10, 20, 30, 40, 50], 0.25), 20);
  assert.equal(quantile([10, 20], 0.75), 17.5);
  assert.equal(median([7]), 7);
  assert.throws(() => median([]), new RangeError("no values"));
});

test("numbers have three digits that mean something", () => {
  assert.equal(milliseconds(1_234_567), "1.23 ms");
  assert.equal(milliseconds(12_345_678), "12.3 ms");
  assert.equal(milliseconds(99_960_000), "100 ms");
  assert.equal(percent(0.0042), "0.42 %");
  assert.equal(percent(0), "0 %");
  assert.equal(ratio(3, 2), "1.50x");
  assert.equal(perSecond(40_000_000), "40.0 M");
  assert.equal(spread([1e6, 2e6, 3e6, 4e6, 5e6], milliseconds), "3.00 ms (2.00-4.00)");
});
