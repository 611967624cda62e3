import type { TargetOptions } from "../filters/target-options.ts";
import type { StoreLimits } from "./syscall-store.ts";

export interface SyscallTracerOptions extends TargetOptions {
  /** Only these calls, by name, in either form where there are two; all when absent. */
  readonly calls?: readonly string[];
  /** Measure how long calls take. Defaults to true; to count alone is cheaper. */
  readonly latencies?: boolean;
  /** Sizes of the kernel's tables, in entries; for tests of what happens when they are full. */
  readonly tableSizes?: Partial<TableSizes>;
  /** What is kept between two snapshots; 100,000 processes with 300,000 different calls by default. */
  readonly limits?: Partial<StoreLimits>;
}

/** How large the kernel's tables are. */
export interface TableSizes {
  /** log2 of the rows of each CPU that are found without a look-up in a hash. */
  readonly frontBits: number;
  /** Further rows between two reads: processes x calls x CPUs, and as many errors. */
  readonly rows: number;
  /** How many rows may be new before they are read at once. */
  readonly fillingRows: number;
  /** Threads in calls that are not found by their slot. */
  readonly threads: number;
}

export const DEFAULT_LIMITS: StoreLimits = { processes: 100_000, calls: 300_000 };

/** With more CPUs each of them sees fewer processes. */
const frontBitsByCpus: readonly (readonly [cpus: number, bits: number])[] = [
  [8, 9],
  [32, 8],
  [Number.POSITIVE_INFINITY, 7],
];
const ROWS_PER_CPU = 1024;
const MINIMUM_ROWS = 2048;
const MAXIMUM_ROWS = 32_768;

/**
 * A process makes some 25 different calls, so that this is room for 40 new processes per CPU, without those in front;
 * before half of it is used up the tables are read, which takes milliseconds.
 */
export function tableSizes(cpuCount: number, threadCount: number): TableSizes {
  const rows = Math.min(Math.max(ROWS_PER_CPU * cpuCount, MINIMUM_ROWS), MAXIMUM_ROWS);
  const frontBits = frontBitsByCpus.find(([cpus]) => cpuCount <= cpus)?.[1] ?? 0;
  return { frontBits, rows, fillingRows: rows / 2, threads: 1024 + threadCount };
}
