import assert from "node:assert/strict";
import { test } from "node:test";
import { RTT_SLOTS, rttHistogram } from "./rtt-histogram.ts";

test("slots follow each other, and none is wider than a quarter of where it begins", () => {
  const { samples, buckets } = rttHistogram(Array(RTT_SLOTS).fill(1));
  assert.deepEqual([samples, buckets.length], [RTT_SLOTS, RTT_SLOTS]);
  let end = 0;
  for (const { fromNs, untilNs } of buckets) {
    assert.equal(fromNs, end);
    assert.ok(untilNs - fromNs === 1000 || untilNs - fromNs <= fromNs / 4);
    end = untilNs;
  }
  // The longest time that TCP can have: 2^32 eighths of a microsecond.
  assert.ok(end > 2 ** 29 * 1000);
});

test("buckets without samples are left out", () => {
  const counts = Array(RTT_SLOTS).fill(0);
  counts[10] = 3;
  assert.deepEqual(rttHistogram(counts), { samples: 3, buckets: [{ fromNs: 12_000, untilNs: 14_000, samples: 3 }] });
});
