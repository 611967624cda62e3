import type { Distribution } from "./distribution.ts";

/** A bucket as the tracers count: `low <= value < high`, where `high` is twice `low`; the lowest one is that of 0 and 1. */
export type Log2Bucket = readonly [low: number, high: number, count: number];

/**
 * A distribution in buckets between powers of two: an exponential histogram of scale 0. It takes over what the kernel
 * halves count without moving anything between buckets, and with at most 64 of them it needs no limit.
 *
 * OTLP's buckets exclude their lower bound and include the upper one, the kernel halves' do the opposite: a value that is
 * exactly a power of two stands one bucket too high, which is less than the resolution.
 */
export class Log2Histogram implements Distribution {
  readonly scale = 0;
  /** Values up to here are in {@link zeroCount}. */
  readonly zeroThreshold = 1;
  /** Values of the bucket that starts at 0: 0 and 1. */
  zeroCount = 0;
  count = 0;
  sum = 0;
  /** Exponent of the lower bound of the first bucket. */
  #offset = 0;
  #counts: number[] = [];

  get offset(): number {
    return this.#offset;
  }

  /** From {@link offset} on, without empty ones at either end. */
  get bucketCounts(): readonly number[] {
    return this.#counts;
  }

  /** @param sum of all values in the buckets */
  add(buckets: readonly Log2Bucket[], sum: number): void {
    for (const [low, , count] of buckets) {
      if (count === 0) continue;
      this.count += count;
      if (low === 0) this.zeroCount += count;
      else this.#addTo(Math.floor(Math.log2(low)), count);
    }
    this.sum += sum;
  }

  /** How many values are below 2^exponent. */
  countBelow(exponent: number): number {
    let count = this.zeroCount;
    const end = Math.min(this.#counts.length, exponent - this.#offset);
    for (let index = 0; index < end; index++) count += this.#counts[index] ?? 0;
    return count;
  }

  #addTo(exponent: number, count: number): void {
    if (this.#counts.length === 0) this.#offset = exponent;
    for (; exponent < this.#offset; this.#offset--) this.#counts.unshift(0);
    const index = exponent - this.#offset;
    while (this.#counts.length <= index) this.#counts.push(0);
    this.#counts[index] = (this.#counts[index] ?? 0) + count;
  }
}
