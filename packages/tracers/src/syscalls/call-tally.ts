import { COMPAT, errorName, type SyscallNames } from "./kernel-names.ts";
import type { SyscallStatistics } from "./syscall-report.ts";
import type { CallSums, Counts } from "./syscall-table.ts";

/** In place of an errno that there was no room to note. */
export const UNKNOWN_ERROR = -1;

const NONE: Counts = [];
const NO_ERRORS: Readonly<Record<string, number>> = {};

/** What is known of one call, of a process or of all. */
export class CallTally {
  calls = 0;
  totalNs = 0;
  maxNs = 0;
  running = 0;
  #histogram: Counts = NONE;
  #errors: Counts = NONE;

  add({ calls, totalNs, maxNs, histogram }: CallSums): void {
    this.calls += calls;
    this.totalNs += totalNs;
    this.maxNs = Math.max(this.maxNs, maxNs);
    this.#histogram = sumOf(this.#histogram, histogram);
  }

  addErrors(errno: number, calls: number): void {
    this.#errors = sumOf(this.#errors, [errno, calls]);
  }

  merge(other: CallTally): void {
    this.calls += other.calls;
    this.totalNs += other.totalNs;
    this.maxNs = Math.max(this.maxNs, other.maxNs);
    this.running += other.running;
    this.#histogram = sumOf(this.#histogram, other.#histogram);
    this.#errors = sumOf(this.#errors, other.#errors);
  }

  statistics(id: number, names: SyscallNames, timed: boolean): SyscallStatistics {
    const { calls, totalNs, maxNs, running } = this;
    const errors = this.#errors.length === 0 ? NO_ERRORS : errorsOf(this.#errors);
    const name = names.name(id);
    const compat = (id & COMPAT) !== 0;
    if (!timed) return { name, compat, calls, errors };
    const histogramNs: (readonly [number, number, number])[] = [];
    let timedCalls = 0;
    for (const { key, count } of pairsOf(this.#histogram).sort((a, b) => a.key - b.key)) {
      histogramNs.push([lowestNs(key), lowestNs(key + 1), count]);
      timedCalls += count;
    }
    return { name, compat, calls, errors, timedCalls, totalNs, maxNs, histogramNs, running };
  }
}

function errorsOf(counts: Counts): Readonly<Record<string, number>> {
  const errors: Record<string, number> = {};
  for (const { key, count } of pairsOf(counts).sort((a, b) => b.count - a.count)) {
    errors[key === UNKNOWN_ERROR ? "unknown" : errorName(key)] = count;
  }
  return errors;
}

function sumOf(counts: Counts, more: Counts): Counts {
  if (more.length === 0) return counts;
  if (counts.length === 0) return more;
  const sum = [...counts];
  for (let at = 0; at < more.length; at += 2) {
    const key = more[at] ?? 0;
    const count = more[at + 1] ?? 0;
    let known = 0;
    while (known < sum.length && sum[known] !== key) known += 2;
    if (known === sum.length) sum.push(key, count);
    else sum[known + 1] = (sum[known + 1] ?? 0) + count;
  }
  return sum;
}

/** Objects, not arrays: to take arrays apart costs V8 an iterator each, and there are thousands of calls a round. */
function pairsOf(counts: Counts): { readonly key: number; readonly count: number }[] {
  const pairs: { readonly key: number; readonly count: number }[] = [];
  for (let at = 0; at < counts.length; at += 2) pairs.push({ key: counts[at] ?? 0, count: counts[at + 1] ?? 0 });
  return pairs;
}

function lowestNs(bucket: number): number {
  return bucket === 0 ? 0 : 2 ** bucket;
}
