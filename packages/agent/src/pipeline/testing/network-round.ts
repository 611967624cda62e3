import type {
  ConnectionReport,
  DnsQueryEvent,
  HttpRequestEvent,
  Latency,
  NetworkReport,
  PacketReport,
  PeerTraffic,
  RequestReport,
  RequestStatistics,
} from "@skep/tracers/networking";
import type { NetworkRound } from "../round.ts";
import { nginx } from "./plain-round.ts";

const TIME = { timeUnixNs: 1_795_000_000_000_000_000n, durationNs: 1e10 };

export function request(fields: Partial<HttpRequestEvent>): HttpRequestEvent {
  return {
    kind: "http",
    process: nginx,
    timeUnixNs: TIME.timeUnixNs,
    side: "server",
    protocol: "http/1.1",
    method: "GET",
    path: "/users/4711",
    outcome: "complete",
    status: 200,
    tls: false,
    startNs: 0n,
    durationNs: 2_000_000,
    ...fields,
  };
}

export function query(fields: Partial<DnsQueryEvent>): DnsQueryEvent {
  return {
    kind: "dns",
    process: nginx,
    timeUnixNs: TIME.timeUnixNs,
    side: "client",
    transport: "udp",
    name: "api.test",
    type: "A",
    outcome: "answered",
    rcode: "NOERROR",
    attemptCount: 1,
    startNs: 0n,
    durationNs: 1_000_000,
    ...fields,
  };
}

/** So many that took 2^20 ns, some 1.05 ms, each. */
export function latency(count: number): Latency {
  const durationNs = 2 ** 20;
  return { count, sumNs: count * durationNs, minNs: durationNs, maxNs: durationNs, offset: 159, counts: [count] };
}

export function requests(count: number, fields: Partial<RequestStatistics> = {}): RequestStatistics {
  return {
    process: nginx,
    side: "server",
    protocol: "http/1.1",
    tls: false,
    method: "GET",
    route: "/users/{id}",
    status: 200,
    requests: count,
    aborted: 0,
    requestBytes: 0,
    responseBytes: 100 * count,
    latency: latency(count),
    ...fields,
  };
}

export function requestReport(changes: Partial<RequestReport> = {}): RequestReport {
  return {
    ...TIME,
    requests: [],
    unattributedRequests: 0,
    dns: [],
    unattributedQueries: 0,
    flows: [],
    unattributedDatagrams: { sentDatagrams: 0, sentBytes: 0, receivedDatagrams: 0, receivedBytes: 0 },
    // All of them 0 but these.
    lost: {} as RequestReport["lost"],
    incomplete: {} as RequestReport["incomplete"],
    ...changes,
  };
}

const NO_TOTALS = {
  opened: 0,
  closed: 0,
  failed: 0,
  connects: 0,
  connectLatencyNs: 0,
  sentBytes: 0,
  receivedBytes: 0,
  sentSegments: 0,
  receivedSegments: 0,
  retransmits: 0,
};

export function peer(fields: Partial<PeerTraffic>): PeerTraffic {
  return {
    ...NO_TOTALS,
    transport: "tcp",
    role: "client",
    pid: nginx.pid,
    process: nginx.name,
    peerAddress: "10.0.0.9",
    serverPort: 5432,
    ...fields,
  };
}

export function connectionReport(changes: Partial<ConnectionReport> = {}): ConnectionReport {
  return {
    ...TIME,
    connections: [],
    listeners: [],
    peers: [],
    otherPeers: NO_TOTALS,
    opened: 0,
    closed: 0,
    failed: {},
    neverAccepted: 0,
    synAckRetransmits: 0,
    resetsSent: 0,
    resetsReceived: 0,
    lost: { opened: 0, closed: 0, failed: 0, connectionsFull: 0, interrupted: 0, unread: 0 },
    incomplete: { childrenNotFollowed: 0, cgroupsUnknown: 0, callsNotSeen: 0, peersFull: 0 },
    ...changes,
  };
}

export function packetReport(changes: Partial<PacketReport> = {}): PacketReport {
  const none = { packets: 0, bytes: 0, buffers: 0, bufferBytes: 0 };
  return {
    ...TIME,
    interfaces: [],
    flows: [],
    withoutFlow: none,
    unattributed: none,
    drops: [],
    retransmits: [],
    rttHistogram: { samples: 0, buckets: [] },
    localRttHistogram: { samples: 0, buckets: [] },
    lost: { recursion: 0 },
    incomplete: { flowsFull: 0, flowsEvicted: 0, dropsNotSpecified: 0, dropsFull: 0, retransmitsFull: 0 },
    ...changes,
  };
}

export function networkRound(
  report: Partial<NetworkReport>,
  changes: Partial<Omit<NetworkRound, "report">> = {},
): NetworkRound {
  return { report: { ...TIME, ...report }, requests: [], requestsLeftOut: 0, lost: {}, incomplete: {}, ...changes };
}
