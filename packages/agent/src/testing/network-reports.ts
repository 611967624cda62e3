import type {
  ConnectionClosed,
  ConnectionFailed,
  ConnectionOpened,
  ConnectionReport,
  DnsQueryEvent,
  DnsStatistics,
  HttpRequestEvent,
  Latency,
  Listener,
  LiveConnection,
  NetworkReport,
  PacketReport,
  RequestReport,
  RequestStatistics,
  TcpTraffic,
  UdpFlow,
} from "@skep/tracers/networking";
import type { HttpReport } from "../http/http-report.ts";

export const START_UNIX_NS = 1_795_000_000_123_456_789n;

export const node = { pid: 4242, name: "node" } as const;

/** So many durations of 2 ms, a power of two of ns nearly. */
export function latency(count: number, exponent = 21): Latency {
  const durationNs = 2 ** exponent;
  return {
    count,
    sumNs: count * durationNs,
    minNs: durationNs,
    maxNs: durationNs,
    offset: exponent * 8 - 1,
    counts: [count],
  };
}

export function httpRequest(changes: Partial<HttpRequestEvent> = {}): HttpRequestEvent {
  return {
    kind: "http",
    timeUnixNs: START_UNIX_NS,
    process: node,
    local: { address: "127.0.0.1", port: 8080 },
    peer: { address: "::1", port: 51_234 },
    side: "server",
    protocol: "http/1.1",
    method: "GET",
    path: "/users/4711",
    host: "localhost:8080",
    status: 200,
    requestBytes: 0,
    responseBytes: 4100,
    startNs: 1n,
    durationNs: 31_000_000,
    outcome: "complete",
    tls: false,
    ...changes,
  };
}

export function requestStatistics(changes: Partial<RequestStatistics> = {}): RequestStatistics {
  return {
    process: node,
    side: "server",
    protocol: "http/1.1",
    tls: false,
    method: "GET",
    route: "/users/{id}",
    status: 200,
    requests: 100,
    aborted: 0,
    requestBytes: 0,
    responseBytes: 1000,
    latency: latency(100),
    ...changes,
  };
}

export function httpReport(changes: Partial<HttpReport> = {}): HttpReport {
  return {
    durationNs: 10_000_000_000,
    requests: [requestStatistics()],
    unattributedRequests: 0,
    lost: { serverRingFull: 0 },
    incomplete: { gaps: 0 },
    ...changes,
  };
}

const none = <Name extends string>(names: readonly Name[]) =>
  Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>;

export function requestReport(changes: Partial<RequestReport> = {}): RequestReport {
  return {
    timeUnixNs: START_UNIX_NS,
    durationNs: 10_000_000_000,
    requests: [],
    unattributedRequests: 0,
    dns: [],
    unattributedQueries: 0,
    flows: [],
    unattributedDatagrams: { sentDatagrams: 0, sentBytes: 0, receivedDatagrams: 0, receivedBytes: 0 },
    lost: none([
      "headCut",
      "headTooLong",
      "underWayLimit",
      "serverRingFull",
      "clientRingFull",
      "dnsRingFull",
      "recursion",
      "dnsWaiting",
      "eventsUnread",
    ]),
    incomplete: none([
      "gaps",
      "gapBytes",
      "repeatedBytes",
      "ignoredBytes",
      "framingLost",
      "malformedHeads",
      "headerTablesLost",
      "unpairedResponses",
      "payloadsLost",
      "payloadBytesLost",
      "endsLost",
      "unreadable",
      "threadsFull",
      "streamsEvicted",
      "flowsFull",
      "messagesNotSeen",
      "multipathNotSeen",
      "smcNotSeen",
      "compatNotSeen",
      "ioUringNotSeen",
      "childrenNotFollowed",
    ]),
    ...changes,
  } as RequestReport;
}

export function traffic(changes: Partial<TcpTraffic> = {}): TcpTraffic {
  return {
    sentBytes: 0,
    retransmittedBytes: 0,
    receivedBytes: 0,
    sentSegments: 0,
    receivedSegments: 0,
    sentDataSegments: 0,
    receivedDataSegments: 0,
    retransmits: 0,
    congestionWindow: 10,
    sendQueueBytes: 0,
    receiveQueueBytes: 0,
    ...changes,
  };
}

const connection = {
  id: 1,
  transport: "tcp",
  role: "server",
  pid: 4242,
  process: "node",
  local: { address: "192.0.2.1", port: 8080 },
  peer: { address: "192.0.2.7", port: 51_234 },
  networkNamespace: 4_026_531_840,
  existed: false,
} as const;

export function liveConnection(changes: Partial<LiveConnection> = {}): LiveConnection {
  return {
    ...connection,
    openedUnixNs: START_UNIX_NS,
    state: "ESTAB",
    traffic: traffic({ sentBytes: 5_000_000, receivedBytes: 20_000, roundTripUs: 1_200, retransmits: 3 }),
    ...changes,
  };
}

export function openedConnection(changes: Partial<ConnectionOpened> = {}): ConnectionOpened {
  return { ...connection, kind: "opened", timeUnixNs: START_UNIX_NS, openedUnixNs: START_UNIX_NS, ...changes };
}

export function closedConnection(changes: Partial<ConnectionClosed> = {}): ConnectionClosed {
  return {
    ...connection,
    kind: "closed",
    timeUnixNs: START_UNIX_NS,
    durationNs: 3_000_000_000,
    end: "peer",
    neverAccepted: false,
    traffic: traffic({ sentBytes: 1000, receivedBytes: 200, retransmits: 1 }),
    ...changes,
  };
}

export function failedConnection(changes: Partial<ConnectionFailed> = {}): ConnectionFailed {
  return {
    ...connection,
    kind: "failed",
    role: "client",
    pid: 977,
    process: "curl",
    local: { address: "192.0.2.1", port: 40_000 },
    peer: { address: "2001:db8::1", port: 443 },
    timeUnixNs: START_UNIX_NS,
    reason: "refused",
    error: "ECONNREFUSED",
    durationNs: 90_000,
    retransmits: 0,
    ...changes,
  };
}

export function listener(changes: Partial<Listener> = {}): Listener {
  return {
    transport: "tcp",
    pid: 4242,
    process: "node",
    local: { address: "0.0.0.0", port: 8080 },
    networkNamespace: 4_026_531_840,
    queued: 2,
    capacity: 511,
    dropped: 0,
    ...changes,
  };
}

export function connectionReport(changes: Partial<ConnectionReport> = {}): ConnectionReport {
  const noTotals = none([
    "opened",
    "closed",
    "failed",
    "connects",
    "connectLatencyNs",
    "sentBytes",
    "receivedBytes",
    "sentSegments",
    "receivedSegments",
    "retransmits",
  ]);
  return {
    timeUnixNs: START_UNIX_NS,
    durationNs: 10_000_000_000,
    connections: [],
    listeners: [],
    peers: [],
    otherPeers: noTotals,
    opened: 0,
    closed: 0,
    failed: {},
    neverAccepted: 0,
    synAckRetransmits: 0,
    resetsSent: 0,
    resetsReceived: 0,
    lost: none(["opened", "closed", "failed", "connectionsFull", "interrupted", "unread"]),
    incomplete: none(["childrenNotFollowed", "cgroupsUnknown", "callsNotSeen", "peersFull"]),
    ...changes,
  };
}

export function udpFlow(changes: Partial<UdpFlow> = {}): UdpFlow {
  return {
    process: { pid: 300, name: "resolver" },
    local: { address: "192.0.2.1", port: 53_000 },
    peer: { address: "192.0.2.53", port: 53 },
    sentDatagrams: 2,
    sentBytes: 100,
    receivedDatagrams: 2,
    receivedBytes: 400,
    ...changes,
  };
}

export function dnsStatistics(changes: Partial<DnsStatistics> = {}): DnsStatistics {
  return {
    process: { pid: 977, name: "curl" },
    side: "client",
    name: "example.com",
    type: "AAAA",
    rcode: "NOERROR",
    queries: 4,
    latency: latency(4),
    ...changes,
  };
}

export function dnsQuery(changes: Partial<DnsQueryEvent> = {}): DnsQueryEvent {
  return {
    kind: "dns",
    timeUnixNs: START_UNIX_NS,
    process: { pid: 977, name: "curl" },
    local: { address: "192.0.2.1", port: 53_000 },
    peer: { address: "192.0.2.53", port: 53 },
    side: "client",
    transport: "udp",
    name: "example.com",
    type: "A",
    outcome: "answered",
    attemptCount: 1,
    rcode: "NOERROR",
    answers: { A: 1 },
    addresses: ["192.0.2.80"],
    isTruncated: false,
    startNs: 1n,
    durationNs: 4_000_000,
    ...changes,
  };
}

export function packetReport(changes: Partial<PacketReport> = {}): PacketReport {
  const noPackets = { packets: 0, bytes: 0, buffers: 0, bufferBytes: 0 };
  return {
    timeUnixNs: START_UNIX_NS,
    durationNs: 10_000_000_000,
    interfaces: [],
    flows: [],
    withoutFlow: noPackets,
    unattributed: noPackets,
    drops: [],
    retransmits: [],
    rttHistogram: { samples: 0, buckets: [] },
    localRttHistogram: { samples: 0, buckets: [] },
    lost: { recursion: 0 },
    incomplete: none(["flowsFull", "flowsEvicted", "dropsNotSpecified", "dropsFull", "retransmitsFull"]),
    ...changes,
  } as PacketReport;
}

export function networkReport(changes: Partial<NetworkReport> = {}): NetworkReport {
  return {
    timeUnixNs: START_UNIX_NS,
    durationNs: 10_000_000_000,
    connections: connectionReport(),
    requests: requestReport(),
    packets: packetReport(),
    ...changes,
  };
}
