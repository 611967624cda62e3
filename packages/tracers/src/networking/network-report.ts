import type { TargetOptions } from "../filters/target-options.ts";
import type { ConnectionEvent, ConnectionLossReason, ConnectionReport } from "./connections/connection.ts";
import type { ConnectionTracerOptions } from "./connections/connection-tracer-options.ts";
import type { PacketLossReason, PacketReport } from "./packets/packet-report.ts";
import type { PacketTracerOptions } from "./packets/packet-tracer-options.ts";
import type { RequestEvent, RequestLossReason, RequestReport } from "./request-report.ts";
import type { RequestTracerOptions } from "./request-tracer-options.ts";
import type { TlsReport } from "./tls/tls-report.ts";

/** Which processes, and for each part: its own options, `true` for those that it has by default, `false` for without it. */
export interface NetworkTracerOptions extends TargetOptions {
  /** See {@link ConnectionTracer}. Defaults to true. */
  readonly connections?: boolean | Omit<ConnectionTracerOptions, keyof TargetOptions>;
  /** Requests of HTTP and DNS, datagrams of UDP: see {@link RequestTracer}. Defaults to true. */
  readonly requests?: boolean | Omit<RequestTracerOptions, keyof TargetOptions>;
  /** Those of the whole machine, whichever processes are chosen: see {@link PacketTracer}. Defaults to true. */
  readonly packets?: boolean | PacketTracerOptions;
}

/** The parts that can be switched off. */
export type NetworkPart = "connections" | "requests" | "packets";

export type NetworkEvent = ConnectionEvent | RequestEvent;

/** The reports of the parts that are on, each of its own time: they are read one after the other. */
export interface NetworkReport {
  /** Start of the time that the report covers, in nanoseconds since 1970. */
  readonly timeUnixNs: bigint;
  readonly durationNs: number;
  readonly connections?: ConnectionReport;
  readonly requests?: RequestReport;
  /** What is known of TLS, since the start. */
  readonly tls?: TlsReport;
  readonly packets?: PacketReport;
}

/** What was lost since the start, by part and reason; of the parts that are on. */
export interface NetworkLosses {
  readonly connections?: Readonly<Record<ConnectionLossReason, number>>;
  readonly requests?: Readonly<Record<RequestLossReason, number>>;
  readonly packets?: Readonly<Record<PacketLossReason, number>>;
}

/** What single events are about. */
export type NetworkEventKind = "connections" | "http" | "dns";

/**
 * Events since the start. Once tracing has ended, seen = delivered + the sum of lost: all that was seen was given to those
 * who read `events()` then, or is counted by its reason.
 */
export interface NetworkEventCounts {
  readonly seen: number;
  readonly delivered: number;
  readonly lost: Readonly<Record<string, number>>;
}
