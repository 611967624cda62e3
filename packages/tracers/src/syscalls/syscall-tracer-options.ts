import type { TargetOptions } from "../filters/target-options.ts";

export interface SyscallTracerOptions extends TargetOptions {
  /** Only these calls, by name, in either form where there are two; all when absent. */
  readonly calls?: readonly string[];
  /** Measure how long calls take. Defaults to true; to count alone is cheaper. */
  readonly latencies?: boolean;
}
