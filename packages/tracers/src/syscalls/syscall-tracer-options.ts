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
  /** Processes x calls x CPUs between two reads, and as many errors. */
  readonly rows: number;
  /** How many of them may be in use before they are read at once. */
  readonly fillingRows: number;
  /** Threads that make calls. */
  readonly threads: number;
}

export const DEFAULT_LIMITS: StoreLimits = { processes: 100_000, calls: 300_000 };

const ROWS_PER_CPU = 2048;
const MINIMUM_ROWS = 4096;
const MAXIMUM_ROWS = 65_536;

/**
 * A process makes some 25 different calls, so that this is room for 80 new processes per CPU; before half of it is used
 * up the tables are read, which takes milliseconds.
 */
export function tableSizes(cpuCount: number, threadCount: number): TableSizes {
  const rows = Math.min(Math.max(ROWS_PER_CPU * cpuCount, MINIMUM_ROWS), MAXIMUM_ROWS);
  return { rows, fillingRows: rows / 2, threads: 1024 + 2 * threadCount };
}
