import type {
  ConnectionClosed,
  ConnectionFailed,
  ConnectionReport,
  DnsStatistics,
  DropStatistics,
  Listener,
  LiveConnection,
  RttHistogram,
  UdpFlow,
} from "@skep/tracers/networking";
import type { Reasons } from "../terminal/reasons.ts";

/** Bytes a second. */
export interface ByteRates {
  readonly sent: number;
  readonly received: number;
}

/** Of the time since the last look, and of all the time. */
export interface Rates {
  readonly latest: ByteRates;
  readonly average: ByteRates;
}

/** A connection that there is, and how much goes over it now. */
export interface ConnectionRow {
  readonly connection: LiveConnection;
  readonly rates: Rates;
  /** Absent where it was opened before the start. */
  readonly ageNs?: number;
}

/** What UDP carried between two ends, since the start. */
export interface FlowRow {
  readonly flow: UdpFlow;
  readonly rates: Rates;
}

/** Connections that ended alike: of one program, with one peer. */
export interface EndedRow {
  readonly connection: ConnectionClosed | ConnectionFailed;
  /** How it ended, in a word or two. */
  readonly how: string;
  readonly pids: ReadonlySet<number>;
  readonly count: number;
  /** Those whose duration is known, and its sum. */
  readonly timed: number;
  readonly durationNs: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  readonly retransmits: number;
}

/** What went by an interface since the start. */
export interface InterfaceRow {
  readonly name: string;
  /** The network namespace that it is in; absent where that is our own. */
  readonly elsewhere?: number;
  readonly sentPackets: number;
  readonly sentBytes: number;
  readonly receivedPackets: number;
  readonly receivedBytes: number;
  readonly rates: Rates;
}

export type ConnectionTotals = Pick<
  ConnectionReport,
  "opened" | "closed" | "neverAccepted" | "synAckRetransmits" | "resetsSent" | "resetsReceived"
> & { readonly retransmits: number };

/** What is known of the network now, and of all that was since the start. */
export interface NetworkView {
  readonly durationNs: number;
  readonly connections: readonly ConnectionRow[];
  readonly flows: readonly FlowRow[];
  readonly ended: readonly EndedRow[];
  readonly listeners: readonly Listener[];
  readonly totals: ConnectionTotals;
  /** Connects that failed, by their reason. */
  readonly failed: Reasons;
  readonly dns: readonly DnsStatistics[];
  /** Absent where packets are not looked at. */
  readonly interfaces?: readonly InterfaceRow[];
  readonly drops: readonly DropStatistics[];
  readonly roundTrips: RttHistogram;
  readonly lost: Reasons;
  readonly incomplete: Reasons;
}
