import type { SignalName } from "@skep/otlp/exporter";
import type { FileReport, SlowOperation } from "@skep/tracers/files";
import type { DnsQueryEvent, HttpRequestEvent, NetworkReport } from "@skep/tracers/networking";
import type { ProcessEvent, ProcessReport } from "@skep/tracers/processes";
import type { CpuProfile } from "@skep/tracers/profiling";
import type { SyscallReport } from "@skep/tracers/syscalls";

/**
 * What was observed between two reads of all tracers: plain data that nobody changes, dropped once its readers had it.
 *
 * A report is absent while its tracer is off; `tracers` says so, and why. Each report covers its own span
 * (`timeUnixNs`, `durationNs`), which may differ from the round's by the milliseconds that reading takes.
 */
export interface Round {
  readonly startUnixNs: bigint;
  readonly endUnixNs: bigint;
  /** By the monotonic clock. */
  readonly durationNs: number;
  readonly cpu?: CpuProfile;
  readonly offCpu?: CpuProfile;
  readonly syscalls?: SyscallReport;
  readonly files?: FileReport;
  /** Of files, those that took longer than was asked for; at most {@link SLOW_OPERATION_LIMIT}. */
  readonly slowOperations?: readonly SlowOperation[];
  readonly processes?: ProcessRound;
  readonly network?: NetworkRound;
  readonly host: HostSample;
  readonly self: SelfSample;
  /** One per tracer that Skep has, in the order of {@link TRACER_NAMES}. */
  readonly tracers: readonly TracerState[];
}

/** A sink of rounds. It has to be fast, since the next reader and the next round wait for it, and must not keep the round. */
export interface RoundReader {
  /** Names it in the report of a failure: `the history`. */
  readonly name: string;
  read(round: Round): void;
}

export const TRACER_NAMES = ["cpu", "off-cpu", "syscalls", "processes", "files", "network"] as const;

export type TracerName = (typeof TRACER_NAMES)[number];

export interface TracerState {
  readonly name: TracerName;
  /** `off`: not configured, or it could not start; `reduced`: it sees less than it was set up to. */
  readonly state: "on" | "off" | "reduced";
  /** Why it is off or reduced, as a sentence without a full stop; absent while it is on. */
  readonly reason?: string;
  /** What to do about the reason, where that is known. */
  readonly hint?: string;
  /** By what means of the kernel it works, such as `cycles` or `tp_btf`, where it tells. */
  readonly rung?: string;
  /** When the state began, in milliseconds since 1970. */
  readonly sinceUnixMs: number;
  /** What one observation stands for: 1 where everything is seen, 10 where one in ten is. */
  readonly samplingFactor: number;
}

/** What happened to processes in the time of a round. */
export interface ProcessRound {
  /** Counts of all that was read from the kernel, events that are missing here included. */
  readonly report: ProcessReport;
  /** In the order in which they were read, which is nearly that of time; at most {@link PROCESS_EVENT_LIMIT}. */
  readonly events: readonly ProcessEvent[];
  /** Events that are missing, by reason. */
  readonly lost: Readonly<Record<string, number>>;
}

/** A request, and the template of its path where it has one: `/users/{id}`. */
export type SingleRequest = (HttpRequestEvent & { readonly route?: string }) | DnsQueryEvent;

/** What went over the network in the time of a round. */
export interface NetworkRound {
  /** Of the parts that were on. */
  readonly report: NetworkReport;
  /** Requests of HTTP and DNS one by one, as many as were asked for; the report counts all of them. */
  readonly requests: readonly SingleRequest[];
  /** Those that are not among them, where any were asked for. */
  readonly requestsLeftOut: number;
  /** Connections, requests and queries that are missing in the report, by kind and reason: `http.headCut`. */
  readonly lost: Readonly<Record<string, number>>;
  /** What the report may lack something for, by part and reason: `requests.gaps`. */
  readonly incomplete: Readonly<Record<string, number>>;
}

/** Events kept for a round: of some 400 bytes each, and 50 process starts a second make 1,500 in 10 s. */
export const PROCESS_EVENT_LIMIT = 8192;

/** The same of slow operations on files. */
export const SLOW_OPERATION_LIMIT = 2048;

/** The machine, by /proc/stat, /proc/meminfo and /proc/loadavg. */
export interface HostSample {
  /** In ascending order of number; CPUs that are offline are missing. */
  readonly cpus: readonly CpuSample[];
  /** All CPUs together since boot, in nanoseconds; resolution 10 ms. */
  readonly cpuTimeNs: Readonly<Record<CpuMode, number>>;
  readonly memory: MemorySample;
  /** Over 1, 5 and 15 minutes. */
  readonly loadAverages: readonly [number, number, number];
}

/** `cpu.mode` of OpenTelemetry; guests' time is part of `user` and `nice`, as in /proc/stat. */
export type CpuMode = "user" | "nice" | "system" | "idle" | "iowait" | "interrupt" | "steal";

export interface CpuSample {
  readonly number: number;
  /** Share of the round in which it was not idle, 0 to 1. */
  readonly busyShare: number;
}

/** In bytes; the four states add up to `total`. */
export interface MemorySample {
  readonly total: number;
  readonly used: number;
  readonly free: number;
  readonly buffers: number;
  readonly cached: number;
  /** What can be had without swapping (`MemAvailable`). */
  readonly available: number;
}

/** What Skep itself costs, and what became of what its tracers saw. */
export interface SelfSample {
  /** CPU time of the agent in this round: user and system mode. */
  readonly cpuUserNs: number;
  readonly cpuSystemNs: number;
  /** Time in its BPF programs in this round; absent unless BPF statistics are switched on. */
  readonly bpfRunTimeNs?: number;
  readonly residentBytes: number;
  /** What of it cannot be given back to files. */
  readonly anonymousBytes: number;
  /** Kernel memory of its BPF maps. */
  readonly mapBytes: number;
  /** Those that were on at any time since the start. */
  readonly tracers: readonly TracerCounts[];
  readonly exporters: readonly ExporterState[];
  /** Rounds that took so long that the next one came late, since the start. */
  readonly lateRounds: number;
}

/** Since the agent started. `seen` = `delivered` + all of `lost` + what was not read yet. */
export interface TracerCounts {
  readonly name: TracerName;
  readonly seen: number;
  readonly delivered: number;
  readonly lost: Readonly<Record<string, number>>;
  /** Of its maps, now. */
  readonly mapBytes: number;
}

/** The way of one signal to its receiver. Counts are since the agent started, in items: data points, log records, profiles. */
export interface ExporterState {
  readonly signal: SignalName;
  /** Where it goes. */
  readonly endpoint: string;
  readonly deliveredItems: number;
  /** What no receiver got, or took, by reason. */
  readonly lostItems: Readonly<Record<string, number>>;
  readonly waitingItems: number;
  readonly waitingBatches: number;
  /** Of what waits in memory, encoded. */
  readonly memoryBytes: number;
  /** Of what waits on disk. */
  readonly spoolBytes: number;
  /** The last problem; absent while there was none. */
  readonly problem?: string;
}
