import type { SymbolizedFrame } from "@skep/symbols";
import type { FileReport, FileStatistics } from "@skep/tracers/files";
import type { ProcessExec, ProcessExecFailure, ProcessExit, ProcessReport } from "@skep/tracers/processes";
import type { CpuProfile, ProfileSample } from "@skep/tracers/profiling";
import type { SyscallReport, SyscallStatistics } from "@skep/tracers/syscalls";
import type { Round } from "../round.ts";

/** Above what Linux gives to any process: nothing is found in /proc. */
export const NO_PID = 4_194_305;

type Process = ProfileSample["process"];

export const nginx: Process = { pid: NO_PID, name: "nginx", executablePath: "/usr/sbin/nginx" };
/** Another process of the same program. */
export const nginxWorker: Process = { ...nginx, pid: NO_PID + 1 };
export const redis: Process = {
  pid: NO_PID + 2,
  name: "redis",
  executablePath: "/usr/bin/redis",
  containerId: "c".repeat(64),
};

/** A round of 10 s in which nothing was seen, on a machine with two CPUs. */
export function plainRound(changes: Partial<Round> = {}): Round {
  const startUnixNs = 1_795_000_000_000_000_000n;
  return {
    startUnixNs,
    endUnixNs: startUnixNs + 10_000_000_000n,
    durationNs: 1e10,
    host: {
      cpus: [
        { number: 0, busyShare: 0.5 },
        { number: 1, busyShare: 0 },
      ],
      cpuTimeNs: { user: 4e9, nice: 0, system: 2e9, idle: 9e9, iowait: 1e9, interrupt: 0, steal: 0 },
      memory: { total: 8000, used: 3000, free: 2000, buffers: 1000, cached: 2000, available: 4500 },
      loadAverages: [0.5, 0.25, 0.125],
    },
    self: {
      cpuUserNs: 2e7,
      cpuSystemNs: 1e7,
      residentBytes: 40_000_000,
      anonymousBytes: 15_000_000,
      mapBytes: 3_000_000,
      tracers: [],
      exporters: [],
      lateRounds: 0,
    },
    tracers: [],
    ...changes,
  };
}

const PERIOD_NS = 10_101_010;

export function sample(process: Process, count: number, kind: SymbolizedFrame["kind"] = "native"): ProfileSample {
  const mapping = { name: "app", path: "/app", startAddress: 0n, limitAddress: 0x1000n, fileOffset: 0n };
  const frame: SymbolizedFrame = { name: `in ${kind}`, address: 16n, mapping, kind, symbolized: true };
  return {
    stack: [frame],
    values: [count, count * PERIOD_NS],
    process,
    threadId: process.pid,
    threadName: process.name,
  };
}

export function profile(samples: readonly ProfileSample[], mode: CpuProfile["mode"] = "on-cpu"): CpuProfile {
  const type = mode === "on-cpu" ? "cpu" : "off_cpu";
  return {
    mode,
    timeUnixNs: 1_795_000_000_000_000_000n,
    durationNs: 1e10,
    frequencyHz: 99,
    event: mode === "on-cpu" ? "cpu-clock" : undefined,
    cpuCount: 2,
    sampleTypes: [
      { type: mode === "on-cpu" ? "samples" : "intervals", unit: "count" },
      { type, unit: "nanoseconds" },
    ],
    periodType: { type, unit: "nanoseconds" },
    period: mode === "on-cpu" ? PERIOD_NS : 1,
    defaultSampleType: type,
    samples,
    sampleCount: samples.reduce((sum, { values }) => sum + (values[0] ?? 0), 0),
    lost: { countsFull: 0, stacksFull: 0, blockedFull: 0, stackMissing: 0 },
    incomplete: { truncated: 2, exited: 0, blockedBeforeStart: 0, childrenNotFollowed: 0 },
  };
}

export function syscall(name: string, calls: number, changes: Partial<SyscallStatistics> = {}): SyscallStatistics {
  return { name, compat: false, calls, errors: {}, ...changes };
}

export function syscallReport(changes: Partial<SyscallReport>): SyscallReport {
  return {
    timeUnixNs: 0n,
    durationNs: 1e10,
    syscalls: [],
    processes: [],
    lost: { recursion: 0 },
    incomplete: { startNotSeen: 0, unattributed: 0, evicted: 0, childrenNotFollowed: 0 },
    ...changes,
  };
}

const NO_OPERATIONS = {
  opens: 0,
  reads: 0,
  writes: 0,
  syncs: 0,
  readBytes: 0,
  writtenBytes: 0,
  openNs: 0,
  readNs: 0,
  writeNs: 0,
  syncNs: 0,
};

export function file(process: Process, changes: Partial<FileStatistics>): FileStatistics {
  const of = { process, path: "/x", type: "file", fileSystem: "ext4", deleted: false, errors: {} } as const;
  return { ...NO_OPERATIONS, ...of, ...changes };
}

export function fileReport(
  files: readonly FileStatistics[],
  unattributed: Partial<FileReport["unattributed"]> = {},
): FileReport {
  return {
    timeUnixNs: 0n,
    durationNs: 1e10,
    files,
    unattributed: { ...NO_OPERATIONS, ...unattributed },
    lost: { threadsFull: 0, recursion: 0, eventsFull: 0, eventsUnread: 0 },
    incomplete: {
      startedBefore: 0,
      pathUnknown: 0,
      evicted: 0,
      childrenNotFollowed: 0,
      ioUringNotSeen: 0,
      asyncNotSeen: 0,
    },
  };
}

export function processReport(changes: Partial<ProcessReport>): ProcessReport {
  return {
    timeUnixNs: 0n,
    durationNs: 1e10,
    starts: 0,
    execs: 0,
    execFailures: {},
    exits: { codes: {}, signals: {} },
    lost: { starts: 0, execs: 0, execFailures: 0, exits: 0, interrupted: 0, unread: 0 },
    incomplete: { childrenNotFollowed: 0, cgroupsUnknown: 0, threadTimesShort: 0, callsNotSeen: 0 },
    ...changes,
  };
}

const EVENT = { timeUnixNs: 1_795_000_001_000_000_000n, pid: NO_PID, parentPid: 1, name: "nginx", userId: 33 };

export const exec: ProcessExec = {
  ...EVENT,
  kind: "exec",
  path: "nginx",
  executablePath: "/usr/sbin/nginx",
  executableDeleted: false,
  arguments: ["nginx", "--password=secret"],
  argumentCount: 2,
  argumentsTruncated: false,
  workingDirectory: "/",
};

export const execFailure: ProcessExecFailure = {
  ...EVENT,
  kind: "exec-failure",
  path: "/no/such",
  error: "ENOENT",
  arguments: ["/no/such", "--password=secret"],
  argumentsTruncated: false,
  workingDirectory: "/",
};

export const exit: ProcessExit = {
  ...EVENT,
  kind: "exit",
  exitCode: 3,
  coreDumped: false,
  lifetimeNs: 5e9,
  cpuTimeNs: 1e9,
  peakResidentBytes: 1_000_000,
  readBytes: 10,
  writtenBytes: 20,
  readChars: 30,
  writtenChars: 40,
};
