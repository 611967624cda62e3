import type { TracedProcess } from "../traced-process.ts";

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
  /** One for each process and path; most bytes first, then most operations. */
  readonly files: readonly FileStatistics[];
  /** Operations that were counted, but whose file had no room: the sum over `files` and this is exact. */
  readonly unattributed: FileOperations;
  /** Operations that are in no number above, by reason. */
  readonly lost: Readonly<Record<FileLossReason, number>>;
  /** What the report is short of, by reason. */
  readonly incomplete: Readonly<Record<FileIncompleteReason, number>>;
}

/**
 * Sums of operations. All that returned are in them: those that failed too, and those that a signal interrupted and the
 * kernel then makes again (`ERESTARTSYS`).
 */
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

/** What one process did with the files of one path, which may be several that came one after the other. */
export interface FileStatistics extends FileOperations {
  readonly process: TracedProcess;
  /**
   * As the process sees it from its root, also where it was opened by a relative path. All sockets of a process are one
   * `socket`, all its pipes without a name one `pipe`, all descriptors that are none `bad descriptor`. The rest that has
   * no path is named as in /proc/PID/fd: `anon_inode:[eventpoll]`.
   */
  readonly path: string;
  readonly type: FileType;
  /** Type of its file system, `ext4`; empty where there is no file. */
  readonly fileSystem: string;
  /** What was done to it after its name was removed. */
  readonly deleted: boolean;
  /** How many of the operations failed, by errno name: `ENOENT`. A side of sendfile and its like fails with the call. */
  readonly errors: Readonly<Record<string, number>>;
}

/** `none`: no file, since it could not be opened, or since the descriptor is none. */
export type FileType = "file" | "directory" | "socket" | "pipe" | "device" | "other" | "none";

/**
 * - `threadsFull`: more threads at work with files than there is room for
 * - `recursion`: calls for which the kernel did not run the program; by Linux 7.0 it may, while a task on that CPU is
 *   preempted inside bpf(2), and calls of all kinds and processes are among them
 * - `eventsFull`: slow operations that found no room in the ring; they are counted in `files` nonetheless
 * - `eventsUnread`: slow operations that nobody took from `events()` in time; the same
 */
export type FileLossReason = "threadsFull" | "recursion" | "eventsFull" | "eventsUnread";

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
