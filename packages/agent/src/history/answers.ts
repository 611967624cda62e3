/** What the API answers: the contract between the server and the page. Times are milliseconds since 1970. */

import type { FlameGraphData } from "../output/flame-graph-data.ts";
import type { HostSample, SelfSample, TracerState } from "../pipeline/round.ts";
import type { HistoryExtent, TimeRange } from "./history.ts";
import type { ProcessLogEntry } from "./process-log.ts";
import type { SeriesName, SeriesPoint } from "./series.ts";
import type { KeptFile, KeptProcess } from "./tables.ts";

export type {
  FlameGraphData,
  HistoryExtent,
  KeptFile,
  KeptProcess,
  ProcessLogEntry,
  SelfSample,
  SeriesName,
  SeriesPoint,
  TimeRange,
  TracerState,
};

/** `GET /api/status` */
export interface StatusAnswer {
  readonly hostName: string;
  readonly version: string;
  readonly kernelRelease: string;
  readonly cpuCount: number;
  readonly nowMs: number;
  /** Absent before the first round. */
  readonly history?: HistoryExtent;
  readonly tracers: readonly TracerState[];
}

/** `GET /api/series?from=&to=` */
export interface SeriesAnswer {
  readonly startMs: readonly number[];
  readonly endMs: readonly number[];
  /** One value for each point; null where it was not measured. */
  readonly values: Readonly<Record<SeriesName, readonly (number | null)[]>>;
}

/** What every answer about a range says of it. */
export interface RangeAnswer {
  /** From the start of the first span in the range to the end of the last one; absent where there is none. */
  readonly covered?: TimeRange;
  /** For how long the tracer looked within the range: 0 where it was off. */
  readonly measuredNs: number;
  /** As it is now; absent before the first round. */
  readonly tracer?: TracerState;
  /** What was seen in the range but is missing, by reason. */
  readonly lost: Readonly<Record<string, number>>;
  /** What counts though something about it isn't known, by reason. */
  readonly incomplete: Readonly<Record<string, number>>;
}

/** `GET /api/profile?mode=&from=&to=&process=&baselineFrom=&baselineTo=` */
export interface ProfileAnswer extends RangeAnswer {
  /** Absent where the tracer was off for the whole range. */
  readonly graph?: FlameGraphData;
  /** Of all processes, whichever one the graph is of; heaviest first. */
  readonly processes: readonly ProcessShare[];
}

export interface ProcessShare {
  readonly process: KeptProcess;
  /** In the unit of the profile. */
  readonly value: number;
}

/** `GET /api/syscalls?from=&to=&process=&call=` */
export interface SyscallsAnswer extends RangeAnswer {
  /** Most calls first. */
  readonly calls: readonly CallRow[];
  /** Most calls first, the first 500. */
  readonly processes: readonly CallingProcess[];
  /** Of the call that was asked for, else of all; over all processes. Absent where latencies were not measured. */
  readonly heatMap?: HeatMap;
}

export interface CallRow {
  readonly name: string;
  readonly calls: number;
  readonly errors: number;
  /** By errno name; absent for a single process, of which only the sum is kept. */
  readonly errorsByName?: Readonly<Record<string, number>>;
  /** Absent where latencies were not measured, as are the next four. */
  readonly timedCalls?: number;
  readonly totalNs?: number;
  readonly maxNs?: number;
  /** Half of the calls, and 99 of 100, took less: the upper bounds of log2 buckets. Absent for a single process. */
  readonly medianBelowNs?: number;
  readonly p99BelowNs?: number;
}

export interface CallingProcess {
  readonly process: KeptProcess;
  readonly calls: number;
  readonly errors: number;
}

/** Time by log2 of the latency. */
export interface HeatMap {
  readonly columns: readonly TimeRange[];
  /** Log2 of the lowest bucket's lower bound in nanoseconds. */
  readonly lowestBucket: number;
  /** For each column a count for each bucket, from the lowest one on. */
  readonly counts: readonly (readonly number[])[];
}

/** `GET /api/files?from=&to=&process=` */
export interface FilesAnswer extends RangeAnswer {
  /** Those with most time spent first, the first 1000. */
  readonly files: readonly FileRow[];
  /** All that is not in `files`, together. */
  readonly others?: FileNumbers;
  /** Distinct pairs of process and file in the range. */
  readonly fileCount: number;
}

export interface FileNumbers {
  readonly opens: number;
  readonly reads: number;
  readonly writes: number;
  readonly syncs: number;
  readonly readBytes: number;
  readonly writtenBytes: number;
  /** Time spent in open, read, write and sync. */
  readonly durationNs: number;
  readonly errors: number;
}

export interface FileRow extends FileNumbers {
  readonly process: KeptProcess;
  readonly file: KeptFile;
}

/** `GET /api/network?from=&to=&process=` */
export interface NetworkAnswer extends RangeAnswer {
  /** Most frequent first, the first 500; requests that found no room are `other requests`. */
  readonly requests: readonly RequestRow[];
  /** How many such rows there are. */
  readonly requestKinds: number;
  /** Who calls whom: most requests first, the first 500. */
  readonly edges: readonly ServiceEdge[];
  /** How many there are. */
  readonly edgeCount: number;
  /** What each service of this machine answered, whoever asked: most requests first, the first 500. */
  readonly served: readonly ServedRow[];
  /** Most bytes first, the first 500. */
  readonly peers: readonly PeerRow[];
  /** Of DNS: most frequent first, the first 500. */
  readonly queries: readonly QueryRow[];
  /** Of the whole machine, as the next. */
  readonly interfaces: readonly InterfaceRow[];
  readonly drops: readonly DropRow[];
}

/** Requests that are alike, of a service: the processes of one name. What is not known is absent. */
export interface RequestRow {
  readonly service: string;
  readonly side: "server" | "client";
  readonly protocol: string;
  readonly tls: boolean;
  readonly method?: string;
  readonly route?: string;
  readonly status?: number;
  readonly grpcStatus?: number;
  readonly requests: number;
  readonly errors: number;
  /** Those whose duration is known, its sum and the longest. */
  readonly timed: number;
  readonly totalNs: number;
  readonly maxNs: number;
  /** So long took that share of them at most: up to 9 % too long. Absent for a single process. */
  readonly p50Ns?: number;
  readonly p90Ns?: number;
  readonly p99Ns?: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
}

/** All requests that the processes of one name answered. */
export type ServedRow = Pick<
  RequestRow,
  | "service"
  | "requests"
  | "errors"
  | "timed"
  | "totalNs"
  | "maxNs"
  | "p50Ns"
  | "p90Ns"
  | "p99Ns"
  | "requestBytes"
  | "responseBytes"
>;

export interface ServiceEdge {
  /** A service of this machine, or the address of a client whose process is not known: mostly elsewhere. */
  readonly from: string;
  /** `from` is a service of this machine. */
  readonly fromHere: boolean;
  /** The service, where it is on this machine, else what `server` is. */
  readonly to: string;
  readonly toHere: boolean;
  /** Address and port, path of a Unix socket, or a host's name. */
  readonly server: string;
  readonly requests: number;
  readonly errors: number;
  readonly timed: number;
  readonly totalNs: number;
  readonly maxNs: number;
  /** As of {@link RequestRow}. */
  readonly p99Ns?: number;
  /** Connections. */
  readonly opened: number;
  readonly failed: number;
  /** By `from`. */
  readonly sentBytes: number;
  readonly receivedBytes: number;
  readonly retransmits: number;
}

export interface PeerRow {
  readonly process: KeptProcess;
  readonly role: "client" | "server" | "";
  readonly transport: "tcp" | "unix";
  readonly peer: string;
  /** Of the server, whichever side this is. */
  readonly port?: number;
  readonly callee?: string;
  readonly opened: number;
  readonly closed: number;
  readonly failed: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  readonly retransmits: number;
  /** Those that were made, of which it is known how long the answer took; and the sum of that. */
  readonly connects: number;
  readonly connectNs: number;
}

export interface QueryRow {
  readonly process: KeptProcess;
  readonly name: string;
  readonly type: string;
  readonly side: "server" | "client";
  /** Absent where no answer came. */
  readonly rcode?: string;
  readonly queries: number;
  readonly timed: number;
  readonly totalNs: number;
  readonly maxNs: number;
}

export interface InterfaceRow {
  readonly name: string;
  readonly direction: string;
  readonly packets: number;
  readonly bytes: number;
}

export interface DropRow {
  readonly reason: string;
  readonly protocol: string;
  readonly packets: number;
}

/** `GET /api/connections?process=`: as it is now, whatever time is looked at. */
export interface ConnectionsAnswer {
  /** As it is now; absent before the first round. */
  readonly tracer?: TracerState;
  /** When it was so. Absent before the first round, and where connections are not traced. */
  readonly timeMs?: number;
  /** The most bytes a second first, the first 500. */
  readonly connections: readonly ConnectionRow[];
  /** How many there are. */
  readonly count: number;
  /** What they carry in a second is known: from the second round on that somebody looks at. */
  readonly hasRates: boolean;
}

/** One side of a connection; what is not known of it is absent. */
export interface ConnectionRow {
  readonly id: number;
  readonly transport: "tcp" | "unix";
  readonly role?: "client" | "server";
  readonly pid?: number;
  readonly process?: string;
  /** `10.0.0.1:80`, `[::1]:80`; of TCP, as the next. */
  readonly local?: string;
  readonly peer?: string;
  /** Of Unix sockets. */
  readonly path?: string;
  /** As `ss` names it: `ESTAB`. */
  readonly state: string;
  readonly openedMs?: number;
  /** Of TCP, as the following: since it was opened, and in a second of the last round. */
  readonly sentBytes?: number;
  readonly receivedBytes?: number;
  readonly sentPerSecond?: number;
  readonly receivedPerSecond?: number;
  readonly retransmits?: number;
  readonly roundTripUs?: number;
}

/** `GET /api/processes?from=&to=` */
export interface ProcessesAnswer extends RangeAnswer {
  /** Running now, by /proc, in ascending order of pid. */
  readonly running: readonly RunningProcess[];
  /** More processes run than are listed. */
  readonly runningCut: boolean;
  /** Newest first, the first 1000. */
  readonly log: readonly ProcessLogEntry[];
  /** Events that the history holds. */
  readonly logSize: number;
}

export interface RunningProcess {
  readonly pid: number;
  readonly parentPid: number;
  readonly name: string;
  /** The letter of /proc/PID/status: R, S, D, Z ... */
  readonly state: string;
  readonly userId: number;
  readonly threads: number;
  /** Absent for kernel threads. */
  readonly residentBytes?: number;
  /** On the CPU within the range, by the profiler. Absent while that is off. */
  readonly onCpuNs?: number;
}

/** `GET /api/health?from=&to=` */
export interface HealthAnswer {
  /** Absent before the first round. */
  readonly self?: SelfSample;
  readonly host?: HostSample;
  readonly tracers: readonly TracerState[];
  /** In the range, by tracer and reason. */
  readonly lost: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly incomplete: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Newest first, the last 100. */
  readonly changes: readonly TracerState[];
  readonly history?: HistoryExtent;
  /** Absent where TLS is not looked at. */
  readonly tls?: TlsAnswer;
}

/** Where what is encrypted is read from, since the start. */
export interface TlsAnswer {
  /** Those that cannot be read from first, the first 200. */
  readonly files: readonly TlsFileRow[];
  readonly hits: number;
  /** That moved data, and those of which the connection is known. */
  readonly sessions: number;
  readonly sessionsKnown: number;
}

export interface TlsFileRow {
  readonly path: string;
  readonly library: string;
  /** `too busy`: let go, since reading it cost a process too much. */
  readonly state: "attached" | "too busy" | "failed";
  readonly problem?: string;
  /** The first process that was seen to use it. */
  readonly pid?: number;
}

/** A message of `GET /api/events`: a round was read. */
export interface RoundMessage {
  readonly point: SeriesPoint;
  readonly tracers: readonly TracerState[];
}
