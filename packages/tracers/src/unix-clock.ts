/** What the clock is made of; a test has its own. */
export interface ClockSources {
  /** CLOCK_MONOTONIC, the clock of bpf_ktime_get_ns(). */
  monotonicNs(): bigint;
  /** The wall clock, in whole milliseconds, cut and not rounded. */
  unixMs(): number;
}

const systemClocks: ClockSources = { monotonicNs: () => process.hrtime.bigint(), unixMs: () => Date.now() };

/**
 * Turns the kernel's times into Unix time.
 *
 * Node.js tells the wall clock in milliseconds, so each look at it bounds the difference of the two clocks to one
 * millisecond; what all looks agree on is narrower. A step of the wall clock moves the bounds, and the difference with
 * them.
 */
export class UnixClock {
  readonly #sources: ClockSources;
  #differenceNs = 0n;

  constructor(sources: ClockSources = systemClocks) {
    this.#sources = sources;
    this.adjust();
  }

  /** Looks at the clocks. To be called now and then, a few times a second at best. */
  adjust(): void {
    const before = this.#sources.monotonicNs();
    const unixMs = BigInt(this.#sources.unixMs());
    const after = this.#sources.monotonicNs();
    const lowest = unixMs * 1_000_000n - after;
    const highest = (unixMs + 1n) * 1_000_000n - before;
    if (this.#differenceNs < lowest) this.#differenceNs = lowest;
    if (this.#differenceNs > highest) this.#differenceNs = highest;
  }

  /** By the clocks as they were at the last look. */
  toUnixNs(monotonicNs: bigint): bigint {
    return monotonicNs + this.#differenceNs;
  }
}
