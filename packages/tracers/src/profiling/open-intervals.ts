import type { SampleStore } from "./sample-store.ts";
import { type SampleKey, sampleIdentity } from "./sample-table.ts";

/** A thread that is off the CPU at the moment of a snapshot. */
export interface OpenInterval {
  readonly key: SampleKey;
  /** Since it left the CPU, also when that was before the last snapshot. */
  readonly elapsedNs: number;
}

/**
 * Brings intervals that are not over yet into a snapshot, without counting any of their time twice: the kernel half
 * will report such an interval whole when it ends, so what was given out early is taken back then.
 */
export class OpenIntervals {
  #given = new Map<string, OpenInterval>();

  settle(store: SampleStore, open: Iterable<OpenInterval>): void {
    const earlier = this.#given;
    this.#given = new Map();
    for (const interval of open) {
      store.add(interval.key, 1, interval.elapsedNs);
      this.#given.set(sampleIdentity(interval.key), interval);
    }
    for (const { key, elapsedNs } of earlier.values()) {
      // It ended, or is still open; else the kernel half had no room for it, and counted it as lost.
      if (store.has(key)) store.add(key, -1, -elapsedNs);
    }
  }
}
