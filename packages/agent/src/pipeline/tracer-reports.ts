/** What the tracers of system calls, processes and files tell of an interval. */

import type { TracedProcess } from "@skep/tracers";

export interface SyscallReport {
  readonly timeUnixNs: bigint;
  readonly durationNs: number;
  /** Over all processes. */
  readonly syscalls: readonly SyscallStatistics[];
  readonly processes: readonly ProcessSyscalls[];
  readonly lost: Readonly<Record<string, number>>;
  readonly incomplete: Readonly<Record<string, number>>;
}

export interface ProcessSyscalls {
  readonly process: TracedProcess;
  readonly syscalls: readonly SyscallStatistics[];
}

export interface SyscallStatistics {
  /** `openat`; of an unknown number `syscall_512`. */
  readonly name: string;
  /** A 32-bit call of a 64-bit kernel. */
  readonly compat: boolean;
  /** Calls that returned. */
  readonly calls: number;
  /** Threads inside the call now. */
  readonly running: number;
  /** By errno name. */
  readonly errors: Readonly<Record<string, number>>;
  /** Absent where latencies are not measured, as are the next two. */
  readonly totalNs?: number;
  readonly maxNs?: number;
  /** Log2 buckets, `low <= duration < high`; empty ones left out. */
  readonly histogramNs?: readonly (readonly [lowNs: number, highNs: number, count: number])[];
}

export type ProcessEvent = ProcessStart | ProcessExec | ProcessExecFailure | ProcessExit;

interface ProcessEventBase {
  readonly timeUnixNs: bigint;
  readonly pid: number;
  readonly parentPid: number;
  readonly name: string;
  readonly userId: number;
  readonly containerId?: string;
  readonly cgroupPath?: string;
}

export interface ProcessStart extends ProcessEventBase {
  readonly kind: "start";
}

export interface ProcessExec extends ProcessEventBase {
  readonly kind: "exec";
  readonly executablePath: string;
  readonly arguments: readonly string[];
  readonly argumentCount: number;
  readonly argumentsTruncated: boolean;
  readonly workingDirectory: string;
}

export interface ProcessExecFailure extends ProcessEventBase {
  readonly kind: "exec-failure";
  readonly path: string;
  /** Errno name. */
  readonly error: string;
  readonly arguments: readonly string[];
  readonly argumentCount: number;
  readonly argumentsTruncated: boolean;
}

export interface ProcessExit extends ProcessEventBase {
  readonly kind: "exit";
  /** Absent where a signal ended it. */
  readonly exitCode?: number;
  /** `SIGKILL`. */
  readonly signal?: string;
  readonly coreDumped: boolean;
  readonly lifetimeNs: number;
  readonly cpuTimeNs: number;
  readonly peakResidentBytes: number;
}

export interface FileReport {
  readonly timeUnixNs: bigint;
  readonly durationNs: number;
  /** One per process and file. */
  readonly files: readonly FileStatistics[];
  readonly lost: Readonly<Record<string, number>>;
  readonly incomplete: Readonly<Record<string, number>>;
}

export interface FileStatistics {
  readonly process: TracedProcess;
  readonly path: string;
  readonly type: "file" | "directory" | "socket" | "pipe" | "device" | "other";
  /** `ext4`. */
  readonly fileSystem: string;
  readonly deleted: boolean;
  readonly opens: number;
  readonly reads: number;
  readonly writes: number;
  readonly readBytes: number;
  readonly writtenBytes: number;
  readonly openNs: number;
  readonly readNs: number;
  readonly writeNs: number;
  /** By errno name. */
  readonly errors: Readonly<Record<string, number>>;
}
