import type { Latency } from "@skep/tracers/networking";
import type { Distribution } from "./distribution.ts";

/** That of the tracers, whose module is only loaded where it is needed. */
export const LATENCY_SCALE = 3;

/**
 * A distribution of durations, in seconds or, for older conventions, in milliseconds.
 *
 * The buckets of the tracers are between powers of 2^(1/8) in nanoseconds, and in seconds these are no bounds of an
 * exponential histogram: 239.18 buckets lie between 1 ns and 1 s, and 159.45 between 1 ns and 1 ms. Each is passed on as
 * the one that begins 1.6 % above it (4 % in milliseconds), while it is 9 % wide.
 */
export class SecondsHistogram implements Distribution {
  readonly scale: number = LATENCY_SCALE;
  readonly zeroThreshold = 0;
  readonly zeroCount = 0;
  count = 0;
  sum = 0;
  readonly #nsPerUnit: number;
  /** How many buckets lie between 1 ns and the unit. */
  readonly #unitBuckets: number;
  /** Of the first bucket, by nanoseconds. */
  #offsetNs = 0;
  #counts: number[] = [];

  constructor(unit: "s" | "ms" = "s") {
    this.#nsPerUnit = unit === "s" ? 1e9 : 1e6;
    this.#unitBuckets = Math.floor(Math.log2(this.#nsPerUnit) * 2 ** LATENCY_SCALE);
  }

  get offset(): number {
    return this.#offsetNs - this.#unitBuckets;
  }

  get bucketCounts(): readonly number[] {
    return this.#counts;
  }

  add({ count, sumNs, offset, counts }: Latency): void {
    this.count += count;
    this.sum += sumNs / this.#nsPerUnit;
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
