import { statSync } from "node:fs";
import type {
  ConnectionClosed,
  ConnectionEvent,
  ConnectionFailed,
  ConnectionReport,
  DnsQueryEvent,
  DnsStatistics,
  DropStatistics,
  LiveConnection,
  NetworkReport,
  PacketReport,
  RequestReport,
  RttBucket,
  UdpFlow,
} from "@skep/tracers/networking";
import { addLatencies } from "../http/latencies.ts";
import { ProgramNames } from "../terminal/program-names.ts";
import { addReasons, type Reasons } from "../terminal/reasons.ts";
import type {
  ByteRates,
  ConnectionRow,
  ConnectionTotals,
  EndedRow,
  FlowRow,
  InterfaceRow,
  NetworkView,
} from "./network-view.ts";
import { Sums } from "./sums.ts";

/** Rows of each kind that are remembered; what finds no room is counted as incomplete. */
const ROW_LIMIT = 4096;

interface Bytes {
  readonly sent: number;
  readonly received: number;
}

const noBytes: Bytes = { sent: 0, received: 0 };

/** Bytes of one thing: at the start, at the last look, and now. */
interface Progress {
  readonly begin: Bytes;
  readonly before: Bytes;
  readonly now: Bytes;
}

interface InterfaceSums extends Omit<InterfaceRow, "rates"> {
  readonly latest: Bytes;
}

interface FlowSums {
  readonly flow: UdpFlow;
  readonly latest: Bytes;
}

/** Puts the reports and events of a tracer together to a view of all the time since the start. */
export class NetworkWatch {
  readonly #names = new ProgramNames();
  readonly #ownNamespace = statSync("/proc/self/ns/net").ino;
  /** By the id of the connection. */
  #progress = new Map<number, Progress>();
  readonly #ended = new Sums<EndedRow>(ROW_LIMIT, addEnded);
  readonly #flows = new Sums<FlowSums>(ROW_LIMIT, addFlows);
  readonly #dns = new Sums<DnsStatistics>(ROW_LIMIT, addQueries);
  readonly #interfaces = new Sums<InterfaceSums>(ROW_LIMIT, addInterfaces);
  readonly #drops = new Sums<DropStatistics>(ROW_LIMIT, addDrops);
  readonly #roundTrips = new Sums<RttBucket>(ROW_LIMIT, addBuckets);
  #totals: ConnectionTotals = {
    opened: 0,
    closed: 0,
    neverAccepted: 0,
    synAckRetransmits: 0,
    resetsSent: 0,
    resetsReceived: 0,
    retransmits: 0,
  };
  #failed: Reasons = {};
  #lost: Reasons = {};
  #incomplete: Reasons = {};
  #rowsFull = 0;
  #durationNs = 0;
  #latestNs = 0;
  #started = false;
  #seesPackets = false;

  /** Takes in what a report adds. The first one is the start: what connections carried before does not count for rates. */
  add(report: NetworkReport): NetworkView {
    this.#latestNs = report.durationNs;
    this.#durationNs += report.durationNs;
    const connections = this.#addConnections(report.connections);
    this.#addRequests(report.requests);
    this.#addPackets(report.packets);
    this.#started = true;
    return {
      durationNs: this.#durationNs,
      connections,
      flows: this.#flowRows(),
      ended: this.#ended.values().sort(mostFrequentOfTcp),
      listeners: (report.connections?.listeners ?? []).map((listener) => this.#named(listener)),
      totals: this.#totals,
      failed: this.#failed,
      dns: this.#dns.values().sort((a, b) => b.queries - a.queries),
      ...(this.#seesPackets && { interfaces: this.#interfaceRows() }),
      drops: this.#drops.values().sort((a, b) => b.buffers - a.buffers),
      roundTrips: this.#roundTripHistogram(),
      lost: this.#lost,
      incomplete: { ...this.#incomplete, rowsFull: this.#rowsFull },
    };
  }

  /** Takes in an event, and gives it back with the name of the program. */
  addEvent(event: ConnectionEvent | DnsQueryEvent): ConnectionEvent | DnsQueryEvent {
    if (event.kind === "dns") return { ...event, process: this.#names.named(event.process) };
    const named = this.#named(event);
    if (named.kind !== "opened") {
      const row = endedRow(named);
      if (!this.#ended.add(endedKey(row), row)) this.#rowsFull++;
    }
    return named;
  }

  #addConnections(report: ConnectionReport | undefined): ConnectionRow[] {
    if (report === undefined) return [];
    const { opened, closed, neverAccepted, synAckRetransmits, resetsSent, resetsReceived, failed, peers } = report;
    const retransmits = [...peers, report.otherPeers].reduce((sum, peer) => sum + peer.retransmits, 0);
    const counts = { opened, closed, neverAccepted, synAckRetransmits, resetsSent, resetsReceived, retransmits };
    this.#totals = addReasons({ ...this.#totals }, counts);
    this.#failed = addReasons(this.#failed, { ...failed });
    // Who reads events counts those that are missing by themselves.
    const { unread: _, ...lost } = report.lost;
    this.#lost = addReasons(this.#lost, prefixed("connections", lost, ["connectionsFull"]));
    this.#incomplete = addReasons(this.#incomplete, report.incomplete);

    const progress = new Map<number, Progress>();
    const rows: ConnectionRow[] = [];
    for (const connection of report.connections) {
      const now = bytesOf(connection);
      const known = this.#progress.get(connection.id);
      const begin = known?.begin ?? (this.#started || !connection.existed ? noBytes : now);
      const before = known?.now ?? begin;
      progress.set(connection.id, { begin, before, now });
      rows.push({
        connection: this.#named(connection),
        rates: {
          latest: perSecond(before, now, this.#latestNs),
          average: perSecond(begin, now, this.#durationNs),
        },
        ...ageOf(connection, report),
      });
    }
    this.#progress = progress;
    return rows;
  }

  #addRequests(report: RequestReport | undefined): void {
    this.#flows.each((sums) => ({ ...sums, latest: noBytes }));
    if (report === undefined) return;
    for (const flow of report.flows) {
      const named = { ...flow, process: this.#names.named(flow.process) };
      const latest = { sent: flow.sentBytes, received: flow.receivedBytes };
      const { process, local, peer } = named;
      const key = JSON.stringify([process.pid, process.name, local, peer]);
      if (!this.#flows.add(key, { flow: named, latest })) this.#rowsFull++;
    }
    for (const statistics of report.dns) {
      const named = { ...statistics, process: this.#names.named(statistics.process) };
      const { process, side, name, type, rcode } = named;
      if (!this.#dns.add(JSON.stringify([process.pid, process.name, side, name, type, rcode]), named)) this.#rowsFull++;
    }
    const { dnsRingFull, dnsWaiting, recursion } = report.lost;
    this.#lost = addReasons(this.#lost, { dnsRingFull, dnsWaiting, recursion });
    const { flowsFull, messagesNotSeen, compatNotSeen, ioUringNotSeen, threadsFull } = report.incomplete;
    this.#incomplete = addReasons(this.#incomplete, {
      flowsFull,
      messagesNotSeen,
      compatNotSeen,
      ioUringNotSeen,
      threadsFull,
    });
  }

  #addPackets(report: PacketReport | undefined): void {
    this.#interfaces.each((sums) => ({ ...sums, latest: noBytes }));
    if (report === undefined) return;
    this.#seesPackets = true;
    for (const {
      interface: { name, index, networkNamespace },
      direction,
      packets,
      bytes,
    } of report.interfaces) {
      const [sent, received] = direction === "transmit" ? [1, 0] : [0, 1];
      this.#interfaces.add(`${networkNamespace} ${index} ${name}`, {
        name,
        ...(networkNamespace !== this.#ownNamespace && { elsewhere: networkNamespace }),
        sentPackets: sent * packets,
        sentBytes: sent * bytes,
        receivedPackets: received * packets,
        receivedBytes: received * bytes,
        latest: { sent: sent * bytes, received: received * bytes },
      });
    }
    for (const drop of report.drops) this.#drops.add(`${drop.reason} ${drop.network} ${drop.transport}`, drop);
    for (const bucket of [...report.rttHistogram.buckets, ...report.localRttHistogram.buckets]) {
      this.#roundTrips.add(String(bucket.fromNs), bucket);
    }
    this.#lost = addReasons(this.#lost, { packetsRecursion: report.lost.recursion });
  }

  #flowRows(): FlowRow[] {
    return this.#flows.values().map(({ flow, latest }) => ({
      flow,
      rates: {
        latest: perSecond(noBytes, latest, this.#latestNs),
        average: perSecond(noBytes, { sent: flow.sentBytes, received: flow.receivedBytes }, this.#durationNs),
      },
    }));
  }

  #interfaceRows(): InterfaceRow[] {
    return this.#interfaces
      .values()
      .map(({ latest, ...sums }) => ({
        ...sums,
        rates: {
          latest: perSecond(noBytes, latest, this.#latestNs),
          average: perSecond(noBytes, { sent: sums.sentBytes, received: sums.receivedBytes }, this.#durationNs),
        },
      }))
      .sort((a, b) => b.sentBytes + b.receivedBytes - a.sentBytes - a.receivedBytes);
  }

  #roundTripHistogram(): NetworkView["roundTrips"] {
    const buckets = this.#roundTrips.values().sort((a, b) => a.fromNs - b.fromNs);
    return { samples: buckets.reduce((sum, { samples }) => sum + samples, 0), buckets };
  }

  #named<Item extends { readonly pid?: number; readonly process?: string }>(item: Item): Item {
    const { pid, process } = item;
    return pid === undefined || process === undefined ? item : { ...item, process: this.#names.of(pid, process) };
  }
}

/** Programs look for Unix sockets that are not there all the time. */
function mostFrequentOfTcp(a: EndedRow, b: EndedRow): number {
  return Number(isUnix(a)) - Number(isUnix(b)) || b.count - a.count;
}

function isUnix({ connection: { transport } }: EndedRow): boolean {
  return transport === "unix";
}

/** How a connection ended, or why it did not come about. */
const ENDS = {
  local: "closed",
  peer: "by peer",
  "reset-sent": "reset",
  "reset-received": "peer reset",
  timeout: "timed out",
  error: "error",
} as const satisfies Record<NonNullable<ConnectionClosed["end"]>, string>;

function endedRow(connection: ConnectionClosed | ConnectionFailed): EndedRow {
  const { durationNs, pid } = connection;
  const traffic = connection.kind === "closed" ? connection.traffic : undefined;
  return {
    connection,
    how: connection.kind === "failed" ? connection.reason : howClosed(connection),
    pids: new Set(pid === undefined ? [] : [pid]),
    count: 1,
    timed: durationNs === undefined ? 0 : 1,
    durationNs: durationNs ?? 0,
    sentBytes: traffic?.sentBytes ?? 0,
    receivedBytes: traffic?.receivedBytes ?? 0,
    retransmits: connection.kind === "failed" ? connection.retransmits : (traffic?.retransmits ?? 0),
  };
}

function howClosed({ end, neverAccepted }: ConnectionClosed): string {
  if (neverAccepted) return "unaccepted";
  return end === undefined ? "closed" : ENDS[end];
}

/** The port that a client was given says nothing. */
function endedKey({ connection: { transport, role, process, local, peer, path }, how }: EndedRow): string {
  const server = role === "server" ? local?.port : peer?.port;
  return JSON.stringify([transport, role, process, peer?.address, server, path, how]);
}

function addEnded(sum: EndedRow, next: EndedRow): EndedRow {
  return {
    connection: next.connection,
    how: next.how,
    pids: sum.pids.size < ROW_LIMIT ? sum.pids.union(next.pids) : sum.pids,
    count: sum.count + next.count,
    timed: sum.timed + next.timed,
    durationNs: sum.durationNs + next.durationNs,
    sentBytes: sum.sentBytes + next.sentBytes,
    receivedBytes: sum.receivedBytes + next.receivedBytes,
    retransmits: sum.retransmits + next.retransmits,
  };
}

function addFlows({ flow: sum, latest: before }: FlowSums, { flow: next, latest }: FlowSums): FlowSums {
  return {
    flow: {
      ...next,
      sentDatagrams: sum.sentDatagrams + next.sentDatagrams,
      sentBytes: sum.sentBytes + next.sentBytes,
      receivedDatagrams: sum.receivedDatagrams + next.receivedDatagrams,
      receivedBytes: sum.receivedBytes + next.receivedBytes,
    },
    latest: { sent: before.sent + latest.sent, received: before.received + latest.received },
  };
}

function addQueries(sum: DnsStatistics, next: DnsStatistics): DnsStatistics {
  const latency = addLatencies(sum.latency, next.latency);
  return { ...next, queries: sum.queries + next.queries, ...(latency !== undefined && { latency }) };
}

function addInterfaces(sum: InterfaceSums, next: InterfaceSums): InterfaceSums {
  return {
    ...next,
    sentPackets: sum.sentPackets + next.sentPackets,
    sentBytes: sum.sentBytes + next.sentBytes,
    receivedPackets: sum.receivedPackets + next.receivedPackets,
    receivedBytes: sum.receivedBytes + next.receivedBytes,
    latest: {
      sent: sum.latest.sent + next.latest.sent,
      received: sum.latest.received + next.latest.received,
    },
  };
}

function addDrops(sum: DropStatistics, next: DropStatistics): DropStatistics {
  return { ...next, buffers: sum.buffers + next.buffers };
}

function addBuckets(sum: RttBucket, next: RttBucket): RttBucket {
  return { ...next, samples: sum.samples + next.samples };
}

function bytesOf({ traffic }: LiveConnection): Bytes {
  return traffic === undefined ? noBytes : { sent: traffic.sentBytes, received: traffic.receivedBytes };
}

function perSecond(before: Bytes, now: Bytes, durationNs: number): ByteRates {
  if (durationNs <= 0) return { sent: 0, received: 0 };
  // A FIN that comes between the reads of two fields makes a byte less.
  const rate = (from: number, to: number) => (Math.max(0, to - from) * 1e9) / durationNs;
  return { sent: rate(before.sent, now.sent), received: rate(before.received, now.received) };
}

function ageOf(
  { openedUnixNs }: LiveConnection,
  { timeUnixNs, durationNs }: ConnectionReport,
): { readonly ageNs?: number } {
  if (openedUnixNs === undefined) return {};
  return { ageNs: Math.max(0, Number(timeUnixNs - openedUnixNs) + durationNs) };
}

/** Names that say of what they are. */
function prefixed(prefix: string, reasons: Reasons, asTheyAre: readonly string[]): Reasons {
  return Object.fromEntries(
    Object.entries(reasons).map(([name, count]) => [
      asTheyAre.includes(name) ? name : `${prefix}${name.charAt(0).toUpperCase()}${name.slice(1)}`,
      count,
    ]),
  );
}
