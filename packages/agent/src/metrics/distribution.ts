/** A distribution in exponential buckets, as OpenTelemetry has them. */
export interface Distribution {
  /** 2^scale buckets for each power of two. */
  readonly scale: number;
  /** Values up to here are in `zeroCount`. */
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  readonly count: number;
  readonly sum: number;
  /** Of the first bucket: its lower bound is 2^(offset / 2^scale). */
  readonly offset: number;
  /** From `offset` on. */
  readonly bucketCounts: readonly number[];
  /** How many values are below 2^exponent: of its unit, or of nanoseconds where that is seconds. */
  countBelow(exponent: number): number;
}
