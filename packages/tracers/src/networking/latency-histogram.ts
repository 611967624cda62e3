/** Buckets of a power of two: 2^LATENCY_SCALE. Their ends are 9 % apart. */
export const LATENCY_SCALE = 3;

/**
 * Durations by exponential buckets, as OpenTelemetry has them: bucket i holds those above 2^((offset + i) / 8) ns, up to
 * 2^((offset + i + 1) / 8) ns.
 */
export interface Latency {
  readonly count: number;
  readonly sumNs: number;
  readonly minNs: number;
  readonly maxNs: number;
  /** Of the first of `counts`. */
  readonly offset: number;
  readonly counts: readonly number[];
}

/** Below 1 ns, and above some 4 hours, the ends. */
const BUCKETS = 44 * 2 ** LATENCY_SCALE;

export class LatencyHistogram {
  #counts = new Uint32Array(0);
  #offset = 0;
  #count = 0;
  #sumNs = 0;
  #minNs = Infinity;
  #maxNs = 0;

  add(durationNs: number): void {
    const bucket = bucketOf(durationNs);
    this.#reach(bucket);
    const index = bucket - this.#offset;
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#count++;
    this.#sumNs += durationNs;
    if (durationNs < this.#minNs) this.#minNs = durationNs;
    if (durationNs > this.#maxNs) this.#maxNs = durationNs;
  }

  /** Undefined where nothing was added. */
  get latency(): Latency | undefined {
    if (this.#count === 0) return undefined;
    return {
      count: this.#count,
      sumNs: this.#sumNs,
      minNs: this.#minNs,
      maxNs: this.#maxNs,
      offset: this.#offset,
      counts: Array.from(this.#counts),
    };
  }

  #reach(bucket: number): void {
    const end = this.#offset + this.#counts.length;
    if (this.#counts.length > 0 && bucket >= this.#offset && bucket < end) return;
    const first = this.#counts.length === 0 ? bucket : Math.min(bucket, this.#offset);
    const counts = new Uint32Array(Math.max(bucket + 1, end) - first);
    counts.set(this.#counts, this.#counts.length === 0 ? 0 : this.#offset - first);
    this.#counts = counts;
    this.#offset = first;
  }
}

function bucketOf(durationNs: number): number {
  if (!(durationNs > 1)) return 0;
  return Math.min(BUCKETS - 1, Math.ceil(Math.log2(durationNs) * 2 ** LATENCY_SCALE) - 1);
}

/** The duration that this share of them does not exceed, 0 to 1: up to 9 % too long, but never more than the longest. */
export function latencyQuantile({ count, maxNs, offset, counts }: Latency, share: number): number {
  let remaining = Math.max(1, Math.ceil(share * count));
  for (const [index, inBucket] of counts.entries()) {
    remaining -= inBucket;
    if (remaining <= 0) return Math.min(maxNs, 2 ** ((offset + index + 1) / 2 ** LATENCY_SCALE));
  }
  return maxNs;
}
