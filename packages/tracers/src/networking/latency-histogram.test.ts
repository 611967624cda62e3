import assert from "node:assert/strict";
import { test } from "node:test";
import { LatencyHistogram, latencyQuantile } from "./latency-histogram.ts";

test("durations go into buckets whose ends are 9 % apart", () => {
  assert.equal(new LatencyHistogram().latency, undefined);
  const histogram = new LatencyHistogram();
  for (const durationNs of [1024, 1025, 500_000, 0, Number.NaN, 1e30]) histogram.add(durationNs);
  const latency = histogram.latency;
  assert.equal(latency?.count, 6);
  assert.equal(latency.offset, 0);
  // 1,024 ns is the end of a bucket, and in it.
  assert.equal(latency.counts[79], 1);
  assert.equal(latency.counts[80], 1);
  assert.equal(latency.counts[0], 2);
  assert.equal(latency.counts.length, 352);
});

test("a quantile is at most a bucket too long, and never longer than the longest", () => {
  const histogram = new LatencyHistogram();
  for (let durationNs = 1000; durationNs <= 100_000; durationNs += 1000) histogram.add(durationNs);
  const { latency } = histogram;
  assert.ok(latency !== undefined);
  for (const share of [0.01, 0.5, 0.9, 0.99, 1]) {
    const exact = share * 100_000;
    const found = latencyQuantile(latency, share);
    assert.ok(found >= exact * (1 - 1e-9) && found <= exact * 2 ** (1 / 8), `${share}: ${found}`);
  }
  assert.equal(latencyQuantile(latency, 1), 100_000);
  assert.equal(latencyQuantile({ ...latency, counts: [] }, 0.5), 100_000);
});
