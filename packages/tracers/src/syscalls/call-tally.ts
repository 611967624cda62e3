import { COMPAT, errorName, type SyscallNames } from "./kernel-names.ts";
import type { SyscallStatistics } from "./syscall-report.ts";
import type { CallSums } from "./syscall-table.ts";

/** In place of an errno that there was no room to note. */
export const UNKNOWN_ERROR = -1;

/** What is known of one call, of a process or of all. */
export class CallTally {
  calls = 0;
  totalNs = 0;
  maxNs = 0;
  running = 0;
  readonly #histogram = new Map<number, number>();
  readonly #errors = new Map<number, number>();

  add({ calls, totalNs, maxNs, histogram }: CallSums): void {
    this.calls += calls;
    this.totalNs += totalNs;
    this.maxNs = Math.max(this.maxNs, maxNs);
    for (const [bucket, count] of histogram) increase(this.#histogram, bucket, count);
  }

  addErrors(errno: number, calls: number): void {
    increase(this.#errors, errno, calls);
  }

  merge(other: CallTally): void {
    this.calls += other.calls;
    this.totalNs += other.totalNs;
    this.maxNs = Math.max(this.maxNs, other.maxNs);
    this.running += other.running;
    for (const [bucket, count] of other.#histogram) increase(this.#histogram, bucket, count);
    for (const [errno, count] of other.#errors) increase(this.#errors, errno, count);
  }

  statistics(id: number, names: SyscallNames, timed: boolean): SyscallStatistics {
    const { calls, totalNs, maxNs, running } = this;
    const errors = Object.fromEntries(
      Array.from(this.#errors)
        .sort(([, a], [, b]) => b - a)
        .map(([errno, count]) => [errno === UNKNOWN_ERROR ? "unknown" : errorName(errno), count]),
    );
    const statistics = { name: names.name(id), compat: (id & COMPAT) !== 0, calls, errors };
    if (!timed) return statistics;
    const histogram = Array.from(this.#histogram).sort(([a], [b]) => a - b);
    return {
      ...statistics,
      timedCalls: histogram.reduce((sum, [, count]) => sum + count, 0),
      totalNs,
      maxNs,
      histogramNs: histogram.map(([bucket, count]) => [lowestNs(bucket), lowestNs(bucket + 1), count] as const),
      running,
    };
  }
}

function increase(counts: Map<number, number>, key: number, by: number): void {
  counts.set(key, (counts.get(key) ?? 0) + by);
}

function lowestNs(bucket: number): number {
  return bucket === 0 ? 0 : 2 ** bucket;
}
