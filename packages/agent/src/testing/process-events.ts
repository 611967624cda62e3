import type {
  ProcessEvent,
  ProcessExec,
  ProcessExecFailure,
  ProcessExit,
  ProcessReport,
} from "@skep/tracers/processes";

const base = {
  timeUnixNs: 1_795_000_000_123_456_789n,
  pid: 4242,
  parentPid: 4200,
  name: "make",
  userId: 1000,
  cgroupPath: "/user.slice",
} as const;

export function processStart(): ProcessEvent {
  return { ...base, kind: "start" };
}

export function processExec(changes: Partial<ProcessExec> = {}): ProcessExec {
  return {
    ...base,
    kind: "exec",
    path: "/usr/bin/make",
    executablePath: "/usr/bin/make",
    executableDeleted: false,
    arguments: ["make", "-j4", "a target"],
    argumentCount: 3,
    argumentsTruncated: false,
    workingDirectory: "/srv",
    ...changes,
  };
}

export function processExecFailure(changes: Partial<ProcessExecFailure> = {}): ProcessExecFailure {
  return {
    ...base,
    kind: "exec-failure",
    path: "/usr/local/bin/cc",
    error: "ENOENT",
    arguments: ["cc"],
    argumentsTruncated: false,
    workingDirectory: "/srv",
    ...changes,
  };
}

export function processExit(changes: Partial<ProcessExit> = {}): ProcessExit {
  return {
    ...base,
    kind: "exit",
    exitCode: 0,
    coreDumped: false,
    lifetimeNs: 1_200_000_000,
    cpuTimeNs: 900_000_000,
    peakResidentBytes: 12_345_678,
    readBytes: 0,
    writtenBytes: 0,
    readChars: 100,
    writtenChars: 200,
    ...changes,
  };
}

/** An exit by a signal has no code. */
export function processKilled(signal: string, coreDumped: boolean): ProcessExit {
  const { exitCode: _, ...exit } = processExit({ signal, coreDumped });
  return exit;
}

export function processReport(changes: Partial<ProcessReport> = {}): ProcessReport {
  return {
    timeUnixNs: base.timeUnixNs,
    durationNs: 10_000_000_000,
    starts: 120,
    execs: 1100,
    execFailures: { ENOENT: 3, EACCES: 1 },
    exits: { codes: { 0: 110, 2: 1 }, signals: { SIGKILL: 1 } },
    lost: { starts: 0, execs: 0, execFailures: 0, exits: 0, interrupted: 0, unread: 0 },
    incomplete: { childrenNotFollowed: 0, cgroupsUnknown: 0, threadTimesShort: 0, callsNotSeen: 0 },
    ...changes,
  };
}
