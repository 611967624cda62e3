/** Something that happened to a process. */
export type ProcessEvent = ProcessStart | ProcessExec | ProcessExecFailure | ProcessExit;

interface ProcessEventBase {
  /** When it happened, by the wall clock. */
  readonly timeUnixNs: bigint;
  readonly pid: number;
  /** Who waits for it: the process that started it, or who took it over when that one ended. */
  readonly parentPid: number;
  /** Name of its first thread, at most 15 bytes; of an exec, the new one. */
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
  /**
   * User and system time of all its threads, without children. Of threads that are killed all at once, what one of them ran
   * since the last tick may be missing.
   */
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
  /** Starts, execs, failed execs and exits that the ring buffer had no room for. */
  | "starts"
  | "execs"
  | "execFailures"
  | "exits"
  /**
   * Starts, execs and ends of threads, at most so many, that no program of the tracer could look at: by 7.2 the kernel may
   * switch to another task in the middle of one, and skips it until it has come to its end.
   */
  | "interrupted"
  /** Events of any kind that `events()` was not read fast enough for. They are in the counts of the report. */
  | "unread";

/** What is not as it should be with the events that are there. */
export type ProcessIncompleteReason =
  /** Children of the chosen processes that are not traced: too many processes at a time. */
  | "childrenNotFollowed"
  /** Cgroups whose path did not get through: the events of these processes lack it. */
  | "cgroupsUnknown"
  /** Threads whose CPU time lacks the moments before their end, or all of it: too many ended at a time. */
  | "threadTimesShort"
  /** Ends of system calls that could not be looked at, see `interrupted`: each may have been a failed exec. */
  | "callsNotSeen";

/** Counts of what happened since the start or the last snapshot. What was lost is in `lost` alone. */
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
  readonly lost: Readonly<Record<ProcessLossReason, number>>;
  readonly incomplete: Readonly<Record<ProcessIncompleteReason, number>>;
}
