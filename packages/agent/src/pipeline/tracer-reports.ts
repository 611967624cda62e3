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

/** Something that happened to a process. */
export type ProcessEvent = ProcessStart | ProcessExec | ProcessExecFailure | ProcessExit;

interface ProcessEventBase {
  /** When it happened, by the wall clock. */
  readonly timeUnixNs: bigint;
  readonly pid: number;
  /** Who waits for it: the process that started it, or who took it over when that one ended. */
  readonly parentPid: number;
  /** Name of the thread that did it, at most 15 bytes; of an exec, the new one. */
  readonly name: string;
  /** Real user id, as the initial user namespace has it. */
  readonly userId: number;
  /** Path in the v2 hierarchy, from its root. Absent where the kernel half found no room to send it. */
  readonly cgroupPath?: string;
  /** 64 hexadecimal digits, whatever the runtime; absent outside of containers. */
  readonly containerId?: string;
}

/** A process was made: fork, vfork or clone. Threads are none. */
export interface ProcessStart extends ProcessEventBase {
  readonly kind: "start";
}

/** What both an exec that worked and one that did not were given. */
interface ExecAttempt {
  /** As it was given: relative, a script's, `/dev/fd/3` for a file descriptor. */
  readonly path: string;
  /** The first ones, up to 8 KiB together. Bytes that are not UTF-8 show as U+FFFD. */
  readonly arguments: readonly string[];
  /** There were more, or the last one goes on. */
  readonly argumentsTruncated: boolean;
  readonly workingDirectory: string;
}

/** A process runs another program from now on: execve or execveat. */
export interface ProcessExec extends ProcessEventBase, ExecAttempt {
  readonly kind: "exec";
  /** What runs now, as the process itself sees it: of a script, the interpreter. */
  readonly executablePath: string;
  /** There was no such file any more when it was run: deleted, or never named (memfd). */
  readonly executableDeleted: boolean;
  /** All of them, also those that `arguments` has no room for. */
  readonly argumentCount: number;
}

/** The kernel would not run it; the process goes on as it was. */
export interface ProcessExecFailure extends ProcessEventBase, ExecAttempt {
  readonly kind: "exec-failure";
  /** Name of the errno, such as `ENOENT`. */
  readonly error: string;
}

/** The last thread of a process ended. */
export interface ProcessExit extends ProcessEventBase {
  readonly kind: "exit";
  /** What wait() tells its parent; 0 to 255. Absent when a signal ended it. */
  readonly exitCode?: number;
  /** Name of the signal that ended it, such as `SIGKILL`. */
  readonly signal?: string;
  /** A core was dumped. */
  readonly coreDumped: boolean;
  readonly lifetimeNs: number;
  /** User and system time of all its threads, without children. */
  readonly cpuTimeNs: number;
  /** Most memory that was resident at one time, shared pages included. */
  readonly peakResidentBytes: number;
  /** Read from and written to storage, without children. 0 on kernels without task I/O accounting. */
  readonly readBytes: number;
  readonly writtenBytes: number;
  /** What read and write calls moved, from and to anything, without children. */
  readonly readChars: number;
  readonly writtenChars: number;
}

/** Why an event is missing. */
export type ProcessLossReason =
  /** The ring buffer was full. */
  | "ringFull"
  /** `events()` was not read fast enough. */
  | "queueFull";

/** Counts of what happened since the start or the last snapshot, lost events included. */
export interface ProcessReport {
  /** Start of what it covers. */
  readonly timeUnixNs: bigint;
  readonly durationNs: number;
  readonly starts: number;
  readonly execs: number;
  /** By the name of the errno. */
  readonly execFailures: Readonly<Record<string, number>>;
  readonly exits: {
    /** By exit code. */
    readonly codes: Readonly<Record<number, number>>;
    /** By the name of the signal. */
    readonly signals: Readonly<Record<string, number>>;
  };
}

/**
 * What processes did with files, in plain data.
 *
 * Counted are the system calls that open, read, write and sync by a descriptor; bytes are those that were moved, by what
 * the call returned. Memory-mapped files are read and written without a call, and so are not seen. What goes through
 * sockets by `send`, `recv` and their like is not counted here either, only what `read`, `write` and their like move.
 */
export interface FileReport {
  /** Start of the time that the report covers, in nanoseconds since 1970. */
  readonly timeUnixNs: bigint;
  readonly durationNs: number;
  /** One for each process and file; most bytes first, then most operations. */
  readonly files: readonly FileStatistics[];
  /** Operations that were counted, but whose file had no room: the sum over `files` and this is exact. */
  readonly unattributed: FileOperations;
  /** Operations that are in no number above, by reason. */
  readonly lost: Readonly<Record<FileLossReason, number>>;
  /** What the report is short of, by reason. */
  readonly incomplete: Readonly<Record<FileIncompleteReason, number>>;
}

/** Sums of operations. All that returned are in them, those that failed too. */
export interface FileOperations {
  /** By open, openat, openat2, creat, open_by_handle_at and io_uring. */
  readonly opens: number;
  /** By read, pread64, readv, preadv, preadv2 and io_uring; and of the side that sendfile, splice, tee and copy_file_range read. */
  readonly reads: number;
  /** By write and its like, and of the side that the same calls write. */
  readonly writes: number;
  /** By fsync, fdatasync, sync_file_range and io_uring. */
  readonly syncs: number;
  /** Bytes that reads returned. */
  readonly readBytes: number;
  /** Bytes that writes took. */
  readonly writtenBytes: number;
  /** Time in these calls, from entry to return. A call with two sides counts in full on either. */
  readonly openNs: number;
  readonly readNs: number;
  readonly writeNs: number;
  readonly syncNs: number;
}

/** What one process did with one file. */
export interface FileStatistics extends FileOperations {
  readonly process: TracedProcess;
  /**
   * As the process sees it from its root, also where it was opened by a relative path. All sockets of a process are one
   * `socket`, all its pipes without a name one `pipe`, all descriptors that are none `bad descriptor`. The rest that has
   * no path is named as in /proc/PID/fd: `anon_inode:[eventpoll]`. Two files of one path are one that came after the other.
   */
  readonly path: string;
  readonly type: FileType;
  /** Type of its file system, `ext4`; empty where there is no file. */
  readonly fileSystem: string;
  /** Its name was removed while it was in use. */
  readonly deleted: boolean;
  /** How many of the operations failed, by errno name: `ENOENT`. A side of sendfile and its like fails with the call. */
  readonly errors: Readonly<Record<string, number>>;
}

/** `none`: no file, since it could not be opened, or since the descriptor is none. */
export type FileType = "file" | "directory" | "socket" | "pipe" | "device" | "other" | "none";

/**
 * - `threadsFull`: more threads at work with files than there is room for
 * - `eventsFull`: slow operations that found no room in the ring; they are counted in `files` nonetheless
 * - `eventsUnread`: slow operations that nobody took from `events()` in time; the same
 */
export type FileLossReason = "threadsFull" | "eventsFull" | "eventsUnread";

/**
 * - `startedBefore`: calls that ran already when the tracer started, and returned since
 * - `pathUnknown`: operations whose path could not be read; they have `[unknown]` for one
 * - `evicted`: files that were put into `unattributed`, the ones used longest ago, since there are too many
 * - `childrenNotFollowed`: processes started by a target that found no room in the filter
 * - `ioUringNotSeen`: requests handed to io_uring that this kernel does not let us see (below 5.19)
 * - `asyncNotSeen`: requests handed to `io_submit`, which has no tracepoint on any kernel
 */
export type FileIncompleteReason =
  | "startedBefore"
  | "pathUnknown"
  | "evicted"
  | "childrenNotFollowed"
  | "ioUringNotSeen"
  | "asyncNotSeen";

export type FileOperation = "open" | "read" | "write" | "sync" | "transfer";

/** One operation that took at least `slowNs`. */
export interface SlowOperation {
  readonly kind: "slow";
  /** When it returned. */
  readonly timeUnixNs: bigint;
  readonly process: TracedProcess;
  /** As in {@link FileStatistics.path}; of a transfer the file that is read. */
  readonly path: string;
  readonly type: FileType;
  readonly fileSystem: string;
  readonly operation: FileOperation;
  /** Name of the system call: `pread64`; `io_uring` for what went by a ring. */
  readonly call: string;
  /** Where in a regular file it began, in bytes; absent where it isn't known. */
  readonly offset?: number;
  /** Bytes moved; 0 for what moves none. */
  readonly bytes: number;
  readonly durationNs: number;
  /** Name of the errno that it failed with. */
  readonly error?: string;
}
