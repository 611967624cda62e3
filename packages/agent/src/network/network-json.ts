import {
  type ConnectionEvent,
  type DnsQueryEvent,
  type DnsStatistics,
  type Endpoint,
  endpointText,
  type Listener,
  latencyQuantile,
} from "@skep/tracers/networking";
import { printableJson } from "../output/text.ts";
import type { EventCounts } from "./event-counts.ts";
import type { ConnectionRow, FlowRow, NetworkView } from "./network-view.ts";

/** What `skep network --json` has a line for. */
export type PrintedEvent = ConnectionEvent | DnsQueryEvent;

/** An event as one JSON object on one line. Times since 1970 are texts: few readers keep so large a number whole. */
export function encodeNetworkEvent(event: PrintedEvent): string {
  return `${printableJson(event.kind === "dns" ? queryJson(event) : connectionJson(event))}\n`;
}

function connectionJson({ kind, timeUnixNs, openedUnixNs, local, peer, ...event }: ConnectionEvent): object {
  const { traffic, ...rest } = { traffic: undefined, ...event };
  return {
    kind: "connection",
    event: kind,
    timeUnixNs: String(timeUnixNs),
    ...(openedUnixNs !== undefined && { openedUnixNs: String(openedUnixNs) }),
    ...rest,
    ...endsOf({ local, peer }),
    ...traffic,
  };
}

function queryJson({ kind, timeUnixNs, process, local, peer, startNs: _, ...query }: DnsQueryEvent): object {
  return {
    kind,
    startUnixNs: String(timeUnixNs),
    ...processOf(process),
    ...endsOf({ local, peer }),
    ...query,
  };
}

interface Ends {
  readonly local: Endpoint | undefined;
  readonly peer: Endpoint | undefined;
}

function endsOf({ local, peer }: Partial<Ends>): object {
  return {
    ...(local !== undefined && { local: endpointText(local) }),
    ...(peer !== undefined && { peer: endpointText(peer) }),
  };
}

function processOf({ pid, name, containerId }: DnsQueryEvent["process"]): object {
  return { pid, process: name, ...(containerId !== undefined && { containerId }) };
}

/** What ends the stream, as one JSON object on one line: the sum of seen = the sum of delivered + the sum of lost. */
export function encodeNetworkSummary(view: NetworkView, { seen, delivered, lost }: EventCounts): string {
  const { opened, closed, neverAccepted, retransmits, ...ofMachine } = view.totals;
  const { durationNs, failed, interfaces, drops, roundTrips, incomplete } = view;
  // What nothing is known of is no event that was seen.
  const unknown = Object.entries(view.lost).filter(([reason]) => !(reason in lost));
  return `${printableJson({
    kind: "summary",
    durationNs,
    seen,
    delivered,
    lost,
    incomplete: { ...Object.fromEntries(unknown), ...incomplete },
    opened,
    closed,
    neverAccepted,
    failed,
    retransmits,
    // These cannot be told apart by process.
    ofMachine,
    connections: view.connections.map(liveJson),
    listeners: view.listeners.map(listenerJson),
    udp: view.flows.map(flowJson),
    dns: view.dns.map(dnsJson),
    interfaces: interfaces?.map(({ rates: _, ...row }) => row),
    drops,
    roundTrips,
  })}\n`;
}

function liveJson({ connection, ageNs }: ConnectionRow): object {
  const { local, peer, openedUnixNs, traffic, ...rest } = connection;
  return { ...rest, ...endsOf({ local, peer }), ...(ageNs !== undefined && { ageNs }), ...traffic };
}

function listenerJson({ local, ...listener }: Listener): object {
  return { ...listener, ...endsOf({ local }) };
}

function flowJson({ flow: { process, local, peer, ...totals } }: FlowRow): object {
  return { ...processOf(process), ...endsOf({ local, peer }), ...totals };
}

function dnsJson({ process, latency, ...statistics }: DnsStatistics): object {
  if (latency === undefined) return { ...processOf(process), ...statistics };
  const quantile = (share: number) => Math.round(latencyQuantile(latency, share));
  return { ...processOf(process), ...statistics, p50Ns: quantile(0.5), p99Ns: quantile(0.99), maxNs: latency.maxNs };
}
