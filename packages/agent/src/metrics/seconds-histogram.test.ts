import assert from "node:assert/strict";
import { test } from "node:test";
import { type Latency, LATENCY_SCALE as TRACERS_SCALE } from "@skep/tracers/networking";
import { LATENCY_SCALE, SecondsHistogram } from "./seconds-histogram.ts";

function latencyOf(offset: number, counts: readonly number[]): Latency {
  const count = counts.reduce((sum, inBucket) => sum + inBucket, 0);
  return { count, sumNs: 1e6 * count, minNs: 0, maxNs: 0, offset, counts };
}

test("the scale is that of the tracers", () => {
  assert.equal(LATENCY_SCALE, TRACERS_SCALE);
});

test("what is added later may be shorter, longer, or in between", () => {
  const histogram = new SecondsHistogram();
  histogram.add(latencyOf(160, [1, 2]));
  histogram.add(latencyOf(157, [5]));
  histogram.add(latencyOf(161, [1, 0, 7]));
  assert.deepEqual(histogram.bucketCounts, [5, 0, 0, 1, 3, 0, 7]);
  assert.equal(histogram.count, 16);
  assert.ok(Math.abs(histogram.sum - 0.016) < 1e-12);
});

test("the bounds of buckets in seconds are those in nanoseconds, but for 1.6 %", () => {
  const histogram = new SecondsHistogram();
  histogram.add(latencyOf(160, [1]));
  const ratio = 2 ** (histogram.offset / 8) / (2 ** (160 / 8) / 1e9);
  assert.ok(ratio > 1 && ratio < 1.016, String(ratio));
});

test("in milliseconds these bounds are 4 % off at most, and sums exact", () => {
  const histogram = new SecondsHistogram("ms");
  histogram.add(latencyOf(160, [1]));
  const ratio = 2 ** (histogram.offset / 8) / (2 ** (160 / 8) / 1e6);
  assert.ok(ratio > 1 && ratio < 1.04, String(ratio));
  assert.equal(histogram.sum, 1);
});

test("powers of two in nanoseconds are exact bounds", () => {
  const histogram = new SecondsHistogram();
  // Up to 2^20 ns, and above.
  histogram.add(latencyOf(159, [3, 4]));
  assert.deepEqual(
    [17, 20, 21, 33].map((exponent) => histogram.countBelow(exponent)),
    [0, 3, 7, 7],
  );
  assert.equal(new SecondsHistogram().countBelow(33), 0);
});
