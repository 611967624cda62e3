import type { FileReport, FileStatistics } from "@skep/tracers/files";
import type { ProcessEvent } from "@skep/tracers/processes";
import type { CpuProfile, ProfileSample } from "@skep/tracers/profiling";
import type { SyscallReport, SyscallStatistics } from "@skep/tracers/syscalls";
import {
  type NetworkRound,
  type ProcessRound,
  type Round,
  TRACER_NAMES,
  type TracerState,
} from "../../pipeline/round.ts";
import {
  connectionReport,
  latency,
  networkRound,
  packetReport,
  peer,
  requestReport,
  requests,
} from "../../pipeline/testing/network-round.ts";

type Process = ProfileSample["process"];
type Frame = ProfileSample["stack"][number];

/** When the first round starts. */
export const FIRST_ROUND_MS = 1_795_000_000_000;
export const ROUND_MS = 10_000;
const PERIOD_NS = 10_101_010;

const kernelMapping = {
  name: "[kernel]",
  path: "[kernel.kallsyms]",
  startAddress: 0n,
  limitAddress: 0n,
  fileOffset: 0n,
};
const appMapping = { ...kernelMapping, name: "app", path: "/opt/app/bin/app" };

export const api: Process = { pid: 42, name: "api", executablePath: "/opt/app/bin/app" };
export const shell: Process = { pid: 7, name: "sh", containerId: "c0ffee" };

export function frame(name: string, kind: "native" | "kernel" = "native"): Frame {
  const mapping = kind === "kernel" ? kernelMapping : appMapping;
  return { name, address: 0x1000n, mapping, kind, symbolized: true };
}

const main = frame("main");
const walk = frame("Tree::walk()");
const copyUser = frame("copy_user_generic", "kernel");

export function sample(process: Process, count: number, ...stack: readonly Frame[]): ProfileSample {
  return {
    stack,
    values: [count, count * PERIOD_NS],
    process,
    threadId: process.pid,
    threadName: process.name,
  };
}

/** Leaf first: api main 4 { walk 3 { copy_user_generic 1 } }, sh main 2, sh without a stack 1. */
export function smallSamples(): ProfileSample[] {
  return [
    sample(api, 1, main),
    sample(api, 2, walk, main),
    sample(api, 1, copyUser, walk, main),
    sample(shell, 2, main),
    sample(shell, 1),
  ];
}

export function profile(samples: readonly ProfileSample[], changes: Partial<CpuProfile> = {}): CpuProfile {
  return {
    mode: "on-cpu",
    timeUnixNs: BigInt(FIRST_ROUND_MS) * 1_000_000n,
    durationNs: ROUND_MS * 1e6,
    frequencyHz: 99,
    event: "cpu-clock",
    cpuCount: 2,
    sampleTypes: [
      { type: "samples", unit: "count" },
      { type: "cpu", unit: "nanoseconds" },
    ],
    periodType: { type: "cpu", unit: "nanoseconds" },
    period: PERIOD_NS,
    defaultSampleType: "cpu",
    samples,
    sampleCount: samples.reduce((sum, { values }) => sum + (values[0] ?? 0), 0),
    lost: { countsFull: 0, stacksFull: 0, blockedFull: 0, stackMissing: 0 },
    incomplete: { truncated: 0, exited: 0, blockedBeforeStart: 0, childrenNotFollowed: 0 },
    ...changes,
  };
}

export function call(name: string, calls: number, changes: Partial<SyscallStatistics> = {}): SyscallStatistics {
  return {
    name,
    compat: false,
    calls,
    running: 0,
    timedCalls: calls,
    errors: {},
    totalNs: calls * 3000,
    maxNs: 4000,
    histogramNs: [[2048, 4096, calls]],
    ...changes,
  };
}

export function syscalls(changes: Partial<SyscallReport> = {}): SyscallReport {
  return {
    timeUnixNs: BigInt(FIRST_ROUND_MS) * 1_000_000n,
    durationNs: ROUND_MS * 1e6,
    syscalls: [
      call("read", 100),
      call("openat", 20, { errors: { ENOENT: 5, EACCES: 1 } }),
      call("futex", 10, {
        totalNs: 5e9,
        maxNs: 2e9,
        histogramNs: [
          [2 ** 28, 2 ** 29, 9],
          [2 ** 30, 2 ** 31, 1],
        ],
      }),
    ],
    processes: [
      { process: api, syscalls: [call("read", 90), call("futex", 10, { totalNs: 5e9, maxNs: 2e9 })] },
      { process: shell, syscalls: [call("read", 10), call("openat", 20, { errors: { ENOENT: 5, EACCES: 1 } })] },
    ],
    lost: { recursion: 0 },
    incomplete: { startNotSeen: 0, unattributed: 0, evicted: 0, childrenNotFollowed: 0 },
    ...changes,
  };
}

export function file(process: Process, path: string, changes: Partial<FileStatistics> = {}): FileStatistics {
  return {
    process,
    path,
    type: "file",
    fileSystem: "ext4",
    deleted: false,
    opens: 1,
    reads: 10,
    writes: 0,
    syncs: 0,
    readBytes: 40_960,
    writtenBytes: 0,
    openNs: 10_000,
    readNs: 90_000,
    writeNs: 0,
    syncNs: 0,
    errors: {},
    ...changes,
  };
}

export function files(list: readonly FileStatistics[]): FileReport {
  return {
    timeUnixNs: BigInt(FIRST_ROUND_MS) * 1_000_000n,
    durationNs: ROUND_MS * 1e6,
    files: list,
    unattributed: {
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
    },
    lost: { recursion: 0, threadsFull: 0, eventsFull: 0, eventsUnread: 0 },
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

/** A shell that starts `ls` at the time, which fails. */
export function processEvents(timeMs: number): ProcessEvent[] {
  const of = { pid: 4243, parentPid: 7, userId: 1000, timeUnixNs: BigInt(timeMs) * 1_000_000n };
  return [
    { ...of, kind: "start", name: "sh" },
    {
      ...of,
      kind: "exec",
      name: "ls",
      path: "ls",
      executableDeleted: false,
      executablePath: "/bin/ls",
      arguments: ["ls", "-l", "no such file"],
      argumentCount: 3,
      argumentsTruncated: false,
      workingDirectory: "/root",
    },
    {
      ...of,
      kind: "exit",
      name: "ls",
      exitCode: 2,
      coreDumped: false,
      lifetimeNs: 5_000_000,
      cpuTimeNs: 2_000_000,
      peakResidentBytes: 3_000_000,
      readBytes: 0,
      writtenBytes: 0,
      readChars: 0,
      writtenChars: 0,
    },
  ];
}

export function processes(events: readonly ProcessEvent[]): ProcessRound {
  const count = (kind: ProcessEvent["kind"]) => events.filter((event) => event.kind === kind).length;
  return {
    report: {
      timeUnixNs: BigInt(FIRST_ROUND_MS) * 1_000_000n,
      durationNs: ROUND_MS * 1e6,
      starts: count("start"),
      execs: count("exec"),
      execFailures: {},
      exits: { codes: { 2: count("exit") }, signals: {} },
      lost: { starts: 0, execs: 0, execFailures: 0, exits: 0, interrupted: 0, unread: 0 },
      incomplete: { childrenNotFollowed: 0, cgroupsUnknown: 0, threadTimesShort: 0, callsNotSeen: 0 },
    },
    events,
    lost: {},
  };
}

/** A shell that asks api over TLS and is told that there is nothing; others who ask it, too. */
export function smallNetwork(): NetworkRound {
  const local = { address: "127.0.0.1", port: 8080 };
  const listener = {
    transport: "tcp",
    local,
    pid: api.pid,
    process: api.name,
    networkNamespace: 1,
    capacity: 1,
  } as const;
  const { latency: _, ...untimed } = requests(3, { process: api, protocol: "grpc", route: "a.B/C", grpcStatus: 0 });
  const { method: __, status: ___, ...call } = untimed;
  const packets = {
    packets: 10,
    bytes: 1000,
    buffers: 10,
    bufferBytes: 1000,
    network: "ipv4",
    transport: "tcp",
  } as const;
  return networkRound({
    durationNs: ROUND_MS * 1e6,
    requests: requestReport({
      requests: [
        requests(20, { process: api }),
        requests(7, { process: shell, side: "client", tls: true, status: 404, peer: local, host: "localhost:8080" }),
        call,
      ],
      dns: [
        {
          process: shell,
          side: "client",
          name: "api.test",
          type: "A",
          rcode: "NXDOMAIN",
          queries: 2,
          latency: latency(2),
        },
      ],
    }),
    connections: connectionReport({
      listeners: [listener],
      peers: [
        peer({
          pid: shell.pid,
          process: shell.name,
          containerId: "c0ffee",
          peerAddress: local.address,
          serverPort: local.port,
          opened: 1,
          failed: 1,
          connects: 1,
          connectLatencyNs: 200_000,
          sentBytes: 1000,
          receivedBytes: 2000,
          retransmits: 1,
        }),
        peer({
          role: "server",
          pid: api.pid,
          process: api.name,
          peerAddress: "10.0.0.7",
          serverPort: 8080,
          opened: 2,
          sentBytes: 100,
        }),
      ],
    }),
    packets: packetReport({
      interfaces: [{ ...packets, interface: { name: "eth0", index: 2, networkNamespace: 1 }, direction: "receive" }],
      drops: [{ reason: "NO_SOCKET", network: "ipv4", transport: "udp", buffers: 2 }],
    }),
  });
}

export function tracers(changes: Partial<Record<TracerState["name"], Partial<TracerState>>> = {}): TracerState[] {
  return TRACER_NAMES.map((name) => ({
    name,
    state: "on",
    rung: name === "cpu" ? "cpu-clock" : "tp_btf",
    sinceUnixMs: FIRST_ROUND_MS,
    samplingFactor: 1,
    ...changes[name],
  }));
}

/** Round number `index`, 10 s after the one before; every tracer has the same to tell in each of them. */
export function round(index: number, changes: Partial<Round> = {}): Round {
  const startMs = FIRST_ROUND_MS + index * ROUND_MS;
  return {
    startUnixNs: BigInt(startMs) * 1_000_000n,
    endUnixNs: BigInt(startMs + ROUND_MS) * 1_000_000n,
    durationNs: ROUND_MS * 1e6,
    cpu: profile(smallSamples()),
    offCpu: profile([{ ...sample(api, 3, walk, main), values: [3, 60_000_000] }], { mode: "off-cpu", period: 1 }),
    syscalls: syscalls(),
    files: files([file(api, "/var/lib/app/data.db"), file(shell, "/etc/passwd", { errors: { EACCES: 2 } })]),
    processes: processes(processEvents(startMs + 1000)),
    network: smallNetwork(),
    host: {
      cpus: [
        { number: 0, busyShare: 0.75 },
        { number: 1, busyShare: 0.25 },
      ],
      cpuTimeNs: { user: 5e9, nice: 0, system: 4e9, idle: 10e9, iowait: 1e9, interrupt: 0, steal: 0 },
      memory: { total: 8e9, used: 2e9, free: 4e9, buffers: 0, cached: 2e9, available: 6e9 },
      loadAverages: [0.5, 0.4, 0.3],
    },
    self: {
      cpuUserNs: 60_000_000,
      cpuSystemNs: 20_000_000,
      residentBytes: 45_000_000,
      anonymousBytes: 12_000_000,
      mapBytes: 4_000_000,
      tracers: TRACER_NAMES.map((name) => ({ name, seen: 1000, delivered: 998, lost: { full: 2 }, mapBytes: 800_000 })),
      exporters: [],
      lateRounds: 0,
    },
    tracers: tracers(),
    ...changes,
  };
}
