import type { TracedProcess } from "../traced-process.ts";

/** Which system calls were made, how long they took and what failed, in plain data. */
export interface SyscallReport {
  /** Start of the time that the report covers, in nanoseconds since 1970. */
  readonly timeUnixNs: bigint;
  readonly durationNs: number;
  /** Over all processes. What took the most time is first; without latencies, what was called most often. */
  readonly syscalls: readonly SyscallStatistics[];
  /** In the same order, by the sum of their calls. */
  readonly processes: readonly ProcessSyscalls[];
  /** Calls that are not in the report, by reason. */
  readonly lost: Readonly<Record<SyscallLossReason, number>>;
  /** Calls that are in the report, though something about them isn't known, by reason. */
  readonly incomplete: Readonly<Record<SyscallIncompleteReason, number>>;
}

export interface ProcessSyscalls {
  readonly process: TracedProcess;
  readonly syscalls: readonly SyscallStatistics[];
}

/**
 * A call counts when it returns. `exit` and `exit_group` never do: they count when their thread ends. An `execve` that
 * succeeds counts for the program that it started.
 */
export interface SyscallStatistics {
  /** `openat`; a number that has no name: `syscall_512`. */
  readonly name: string;
  /** A call of the 32-bit interface of a 64-bit kernel. */
  readonly compat: boolean;
  readonly calls: number;
  /**
   * Failed calls by the name of their error, `ENOENT`; among them those that the kernel makes again after a signal:
   * `ERESTARTSYS`. `unknown` where there was no room to note the error.
   */
  readonly errors: Readonly<Record<string, number>>;
  // All of these are absent when latencies are not measured.
  /** Calls whose duration is known; of the others the start was not seen, or they are unattributed. */
  readonly timedCalls?: number;
  readonly totalNs?: number;
  readonly maxNs?: number;
  /** Timed calls by powers of two: low <= duration < high. Empty ones are left out; the last one holds all above it. */
  readonly histogramNs?: readonly (readonly [lowNs: number, highNs: number, calls: number])[];
  /** Threads that are inside the call at the end. Not in any of the other numbers. */
  readonly running?: number;
}

/** - `recursion`: calls for which the kernel did not run the program; by Linux 7.0 it may, while a task on that CPU is
 *   preempted inside bpf(2), and calls of processes that are not traced are among them */
export type SyscallLossReason = "recursion";

/**
 * - `startNotSeen`: counted without latency: under way before the start, or no room for one more thread
 * - `unattributed`: no room in the kernel's table: in the totals, but of no process and without latency
 * - `evicted`: of processes that ended longest ago, where there were too many: in the totals alone
 * - `childrenNotFollowed`: processes started by a target that found no room in the filter
 */
export type SyscallIncompleteReason = "startNotSeen" | "unattributed" | "evicted" | "childrenNotFollowed";
