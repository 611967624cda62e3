import type { Rows } from "./rows.ts";
import { COUNT_ROWS, type CountRows, joined, mark } from "./span-rows.ts";
import type { TableRenumbering, TableUse } from "./tables.ts";

/** Keys: process, kind of request; see `request-kind.ts`. */
export type RequestRows = Rows<
  "requests" | "errors" | "timed" | "totalNs" | "maxNs" | "requestBytes" | "responseBytes"
>;
export const REQUEST_ROWS: RequestRows["shape"] = {
  values: ["requests", "errors", "timed", "totalNs", "maxNs", "requestBytes", "responseBytes"],
  weight: "requests",
  maxima: ["maxNs"],
};

/** Keys: process, end of a connection; see `request-kind.ts`. */
export type PeerRows = Rows<
  "opened" | "closed" | "failed" | "sentBytes" | "receivedBytes" | "retransmits" | "connects" | "connectNs"
>;
export const PEER_ROWS: PeerRows["shape"] = {
  values: ["opened", "closed", "failed", "sentBytes", "receivedBytes", "retransmits", "connects", "connectNs"],
  weight: "sentBytes",
};

/** Keys: process, question. */
export type QueryRows = Rows<"queries" | "timed" | "totalNs" | "maxNs">;
export const QUERY_ROWS: QueryRows["shape"] = {
  values: ["queries", "timed", "totalNs", "maxNs"],
  weight: "queries",
  maxima: ["maxNs"],
};

/** Keys: interface, its direction. */
export type InterfaceRows = Rows<"packets" | "bytes">;
export const INTERFACE_ROWS: InterfaceRows["shape"] = { values: ["packets", "bytes"], weight: "bytes" };

/** What is kept of the network. Parts that were off have no rows. */
export interface NetworkSpan {
  readonly durationNs: number;
  readonly requests: RequestRows;
  /** Keys: kind of request, number of the bucket and 1; with 0 those that found no room. */
  readonly latencies: CountRows;
  readonly peers: PeerRows;
  readonly queries: QueryRows;
  readonly interfaces: InterfaceRows;
  /** Keys: the kernel's reason, protocol. */
  readonly drops: CountRows;
}

/** So many rows of latencies as there is room for in what four tables take. */
export const LATENCY_SHARE = 4;

export function networkRowsOf(span: NetworkSpan): readonly Rows<string>[] {
  const { requests, latencies, peers, queries, interfaces, drops } = span;
  return [requests, latencies, peers, queries, interfaces, drops];
}

export function joinNetworkSpans(parts: readonly NetworkSpan[], tableBytes: number): NetworkSpan | undefined {
  if (parts.length === 0) return undefined;
  return {
    durationNs: parts.reduce((sum, { durationNs }) => sum + durationNs, 0),
    requests: joined(REQUEST_ROWS, parts, "requests", tableBytes),
    latencies: joined(COUNT_ROWS, parts, "latencies", LATENCY_SHARE * tableBytes),
    peers: joined(PEER_ROWS, parts, "peers", tableBytes),
    queries: joined(QUERY_ROWS, parts, "queries", tableBytes),
    interfaces: joined(INTERFACE_ROWS, parts, "interfaces", tableBytes),
    drops: joined(COUNT_ROWS, parts, "drops"),
  };
}

export function markNetworkUse(span: NetworkSpan, use: TableUse): void {
  mark(span.requests, use.processes, use.strings);
  mark(span.latencies, use.strings, undefined);
  mark(span.peers, use.processes, use.strings);
  mark(span.queries, use.processes, use.strings);
  mark(span.interfaces, use.strings, use.strings);
  mark(span.drops, use.strings, use.strings);
}

export function renumberedNetwork(span: NetworkSpan, { strings, processes }: TableRenumbering): NetworkSpan {
  return {
    durationNs: span.durationNs,
    requests: span.requests.renumbered(processes, strings),
    latencies: span.latencies.renumbered(strings, undefined),
    peers: span.peers.renumbered(processes, strings),
    queries: span.queries.renumbered(processes, strings),
    interfaces: span.interfaces.renumbered(strings, strings),
    drops: span.drops.renumbered(strings, strings),
  };
}
