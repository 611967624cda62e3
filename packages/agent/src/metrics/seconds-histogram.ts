import type { Latency } from "@skep/tracers/networking";
import type { Distribution } from "./distribution.ts";

/** That of the tracers, whose module is only loaded where it is needed. */
export const LATENCY_SCALE = 3;

/**
 * How many buckets lie between 1 ns and 1 s: 239.18. The buckets of the tracers are between powers of 2^(1/8) in
 * nanoseconds, and in seconds these are no bounds of an exponential histogram. Each is passed on as the one that begins
 * 1.6 % above it, while it is 9 % wide.
 */
const NS_PER_SECOND_BUCKETS = Math.floor(Math.log2(1e9) * 2 ** LATENCY_SCALE);

/** A distribution of durations, in seconds. */
export class SecondsHistogram implements Distribution {
  readonly scale: number = LATENCY_SCALE;
  readonly zeroThreshold = 0;
  readonly zeroCount = 0;
  count = 0;
  sum = 0;
  /** Of the first bucket, by nanoseconds. */
  #offsetNs = 0;
  #counts: number[] = [];

  get offset(): number {
    return this.#offsetNs - NS_PER_SECOND_BUCKETS;
  }

  get bucketCounts(): readonly number[] {
    return this.#counts;
  }

  add({ count, sumNs, offset, counts }: Latency): void {
    this.count += count;
    this.sum += sumNs / 1e9;
    if (this.#counts.length === 0) this.#offsetNs = offset;
    if (offset < this.#offsetNs) {
      this.#counts.unshift(...Array.from({ length: this.#offsetNs - offset }, () => 0));
      this.#offsetNs = offset;
    }
    const start = offset - this.#offsetNs;
    for (const [index, inBucket] of counts.entries()) {
      while (this.#counts.length <= start + index) this.#counts.push(0);
      this.#counts[start + index] = (this.#counts[start + index] ?? 0) + inBucket;
    }
  }

  /** How many took 2^exponent nanoseconds at most: exact. */
  countBelow(exponent: number): number {
    let count = 0;
    const end = Math.min(this.#counts.length, exponent * 2 ** LATENCY_SCALE - this.#offsetNs);
    for (let index = 0; index < end; index++) count += this.#counts[index] ?? 0;
    return count;
  }
}
