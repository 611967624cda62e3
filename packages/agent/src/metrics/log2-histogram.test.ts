import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Log2Bucket, Log2Histogram } from "./log2-histogram.ts";

test("buckets of powers of two keep their place, whatever order they come in", () => {
  const histogram = new Log2Histogram();
  histogram.add([[1024, 2048, 3]], 4000);
  histogram.add(
    [
      [0, 2, 1],
      [64, 128, 2],
      [4096, 8192, 1],
    ],
    5200,
  );
  assert.equal(histogram.count, 7);
  assert.equal(histogram.sum, 9200);
  assert.equal(histogram.zeroCount, 1);
  assert.equal(histogram.offset, 6);
  assert.deepEqual(histogram.bucketCounts, [2, 0, 0, 0, 3, 0, 1]);
});

const below: readonly [exponent: number, count: number][] = [
  [0, 1],
  [6, 1],
  [7, 3],
  [10, 3],
  [11, 6],
  [63, 6],
];

for (const [exponent, count] of below) {
  test(`${count} values are below 2^${exponent}`, () => {
    const histogram = new Log2Histogram();
    const buckets: Log2Bucket[] = [
      [0, 2, 1],
      [64, 128, 2],
      [1024, 2048, 3],
    ];
    histogram.add(buckets, 0);
    assert.equal(histogram.countBelow(exponent), count);
  });
}

test("a histogram holds every value that was added, each in the bucket that has room for it", () => {
  const values = fc.array(fc.array(fc.integer({ min: 0, max: 2 ** 31 - 1 }), { maxLength: 20 }), { maxLength: 10 });
  fc.assert(
    fc.property(values, (rounds) => {
      const histogram = new Log2Histogram();
      for (const round of rounds) histogram.add(bucketsOf(round), sum(round));
      const all = rounds.flat();
      assert.equal(histogram.count, all.length);
      assert.equal(histogram.sum, sum(all));
      assert.equal(histogram.zeroCount + sum(histogram.bucketCounts), all.length);
      for (let exponent = 1; exponent <= 31; exponent++) {
        assert.equal(histogram.countBelow(exponent), all.filter((value) => value < 2 ** exponent).length);
      }
      assert.ok(histogram.bucketCounts.length <= 64);
      assert.notEqual(histogram.bucketCounts.at(-1), 0);
    }),
  );
});

/** As the kernel halves make them: 0 and 1 share the first bucket. */
function bucketsOf(values: readonly number[]): Log2Bucket[] {
  return values.map((value) => {
    const exponent = value < 2 ? 0 : 31 - Math.clz32(value);
    return [exponent === 0 ? 0 : 2 ** exponent, 2 ** (exponent + 1), 1];
  });
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
