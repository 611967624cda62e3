import type { TracedProcess } from "@skep/tracers";
import type {
  ConnectionReport,
  DnsStatistics,
  NetworkReport,
  PacketReport,
  PeerTotals,
  RequestReport,
  RequestStatistics,
  RttHistogram,
} from "@skep/tracers/networking";
import type { NetworkRound } from "../pipeline/round.ts";
import type { TelemetryResource } from "../resources/telemetry-resource.ts";
import type { MetricDefinition } from "./metric-definition.ts";
import type { MetricRegistry } from "./metric-registry.ts";
import type { MetricResources } from "./metric-resources.ts";
import { NO_OLDER_CONVENTIONS, type OlderConventions, recordOlderRequest } from "./older-request-metrics.ts";
import { errorTypeOf, grpcStatusName, methodOf, protocolVersion, serverAttributes } from "./request-semantics.ts";
import { LATENCY_SCALE } from "./seconds-histogram.ts";

const HTTP_ATTRIBUTES = [
  "http.request.method",
  "url.scheme",
  "http.response.status_code",
  "error.type",
  "network.protocol.version",
] as const;

type HttpAttribute = (typeof HTTP_ATTRIBUTES)[number];
type ServerAttribute = "server.address" | "server.port";

export const HTTP_SERVER_DURATION: MetricDefinition<HttpAttribute | "http.route"> = {
  name: "http.server.request.duration",
  kind: "histogram",
  unit: "s",
  description: "Requests that were served, from the first byte of the request to the last one of the response.",
  attributes: [...HTTP_ATTRIBUTES, "http.route"],
  of: "program",
  convention: "semconv",
};

export const HTTP_CLIENT_DURATION: MetricDefinition<HttpAttribute | ServerAttribute> = {
  name: "http.client.request.duration",
  kind: "histogram",
  unit: "s",
  description: "Requests that were sent, from the first byte of the request to the last one of the response.",
  attributes: [...HTTP_ATTRIBUTES, "server.address", "server.port"],
  of: "program",
  convention: "semconv",
};

const RPC_ATTRIBUTES = ["rpc.system.name", "rpc.method", "rpc.status_code", "error.type"] as const;

export const RPC_SERVER_DURATION: MetricDefinition<(typeof RPC_ATTRIBUTES)[number]> = {
  name: "rpc.server.call.duration",
  kind: "histogram",
  unit: "s",
  description: "Calls of gRPC that were served.",
  attributes: RPC_ATTRIBUTES,
  of: "program",
  convention: "semconv",
};

export const RPC_CLIENT_DURATION: MetricDefinition<(typeof RPC_ATTRIBUTES)[number] | ServerAttribute> = {
  name: "rpc.client.call.duration",
  kind: "histogram",
  unit: "s",
  description: "Calls of gRPC that were made.",
  attributes: [...RPC_ATTRIBUTES, "server.address", "server.port"],
  of: "program",
  convention: "semconv",
};

export const DNS_DURATION: MetricDefinition<"dns.question.name" | "error.type"> = {
  name: "dns.lookup.duration",
  kind: "histogram",
  unit: "s",
  description: "Queries of DNS that were answered; error.type is the name of the response code.",
  attributes: ["dns.question.name", "error.type"],
  of: "program",
  convention: "semconv",
};

export const UNTIMED_COUNT: MetricDefinition<"network.protocol.name" | "skep.side" | "skep.reason"> = {
  name: "skep.request.untimed",
  kind: "counter",
  unit: "{request}",
  description:
    "Requests that are in no duration: their end was not seen, no answer came, or there was no room to tell which ones they were.",
  attributes: ["network.protocol.name", "skep.side", "skep.reason"],
  of: "program",
  convention: "skep",
};

export const PROCESS_NETWORK_IO: MetricDefinition<"network.io.direction" | "network.transport"> = {
  name: "process.network.io",
  kind: "counter",
  unit: "By",
  description: "Payload of TCP, each byte once, and of UDP.",
  attributes: ["network.io.direction", "network.transport"],
  of: "program",
  convention: "semconv",
};

export const DATAGRAM_COUNT: MetricDefinition<"network.io.direction"> = {
  name: "linux.udp.datagram.count",
  kind: "counter",
  unit: "{datagram}",
  description: "Datagrams of UDP.",
  attributes: ["network.io.direction"],
  of: "program",
  convention: "skep",
};

export const CONNECTION_OPENED: MetricDefinition<"skep.side" | "network.transport"> = {
  name: "linux.connection.opened",
  kind: "counter",
  unit: "{connection}",
  description: "Connections of TCP and Unix sockets that were made (client), and accepted (server).",
  attributes: ["skep.side", "network.transport"],
  of: "program",
  convention: "skep",
};

export const CONNECT_COUNT: MetricDefinition = {
  name: "linux.tcp.connect.count",
  kind: "counter",
  unit: "{connection}",
  description: "Connections that were made, of which the time until the other side answered is known.",
  attributes: [],
  of: "program",
  convention: "skep",
};

export const CONNECT_TIME: MetricDefinition = {
  name: "linux.tcp.connect.time",
  kind: "counter",
  unit: "s",
  description: "These times.",
  attributes: [],
  of: "program",
  convention: "skep",
};

export const SEGMENT_COUNT: MetricDefinition<"network.io.direction"> = {
  name: "linux.tcp.segment.count",
  kind: "counter",
  unit: "{segment}",
  description: "Segments of TCP, those without payload and those sent again included.",
  attributes: ["network.io.direction"],
  of: "program",
  convention: "skep",
};

export const RETRANSMIT_COUNT: MetricDefinition = {
  name: "linux.tcp.retransmit.count",
  kind: "counter",
  unit: "{segment}",
  description: "Segments that were sent again.",
  attributes: [],
  of: "program",
  convention: "skep",
};

export const CONNECTION_FAILED: MetricDefinition<"error.type"> = {
  name: "linux.connection.failed",
  kind: "counter",
  unit: "{connection}",
  description: "Connections that could not be made, by reason.",
  attributes: ["error.type"],
  of: "host",
  convention: "skep",
};

export const CONNECTION_COUNT: MetricDefinition<"network.transport" | "network.connection.state"> = {
  name: "system.network.connection.count",
  kind: "up-down-counter",
  unit: "{connection}",
  description: "Ends of connections that there are now.",
  attributes: ["network.transport", "network.connection.state"],
  of: "host",
  convention: "semconv",
};

export const NETWORK_IO: MetricDefinition<
  "network.interface.name" | "network.io.direction" | "linux.network.namespace"
> = {
  name: "system.network.io",
  kind: "counter",
  unit: "By",
  description: "Bytes by interface, headers of the link included; with the namespace where that is not the host's.",
  attributes: ["network.interface.name", "network.io.direction", "linux.network.namespace"],
  of: "host",
  convention: "semconv",
};

export const PACKET_COUNT: MetricDefinition<"system.device" | "network.io.direction" | "linux.network.namespace"> = {
  name: "system.network.packet.count",
  kind: "counter",
  unit: "{packet}",
  description: "Packets as they are on the wire.",
  attributes: ["system.device", "network.io.direction", "linux.network.namespace"],
  of: "host",
  convention: "semconv",
};

export const PACKET_DROPPED: MetricDefinition<"linux.packet.drop.reason" | "network.type" | "network.transport"> = {
  name: "linux.packet.dropped",
  kind: "counter",
  unit: "{packet}",
  description: "What the kernel threw away, by its own reason; a packet yet to be cut up counts once.",
  attributes: ["linux.packet.drop.reason", "network.type", "network.transport"],
  of: "host",
  convention: "skep",
};

export const TCP_RTT: MetricDefinition<"linux.tcp.peer"> = {
  name: "linux.tcp.rtt",
  kind: "histogram",
  unit: "s",
  description:
    "Smoothed round-trip times, at one in eight segments that came in; the sum is made of the middles of buckets.",
  attributes: ["linux.tcp.peer"],
  of: "host",
  convention: "skep",
};

export const SPANS_LEFT_OUT: MetricDefinition = {
  name: "skep.span.left_out",
  kind: "counter",
  unit: "{span}",
  description: "Requests that did not become spans, since there were too many in a round; metrics have them.",
  attributes: [],
  of: "agent",
  convention: "skep",
};

export const NETWORK_METRICS: readonly MetricDefinition[] = [
  HTTP_SERVER_DURATION,
  HTTP_CLIENT_DURATION,
  RPC_SERVER_DURATION,
  RPC_CLIENT_DURATION,
  DNS_DURATION,
  UNTIMED_COUNT,
  PROCESS_NETWORK_IO,
  DATAGRAM_COUNT,
  CONNECTION_OPENED,
  CONNECT_COUNT,
  CONNECT_TIME,
  SEGMENT_COUNT,
  RETRANSMIT_COUNT,
  CONNECTION_FAILED,
  CONNECTION_COUNT,
  NETWORK_IO,
  PACKET_COUNT,
  PACKET_DROPPED,
  TCP_RTT,
  SPANS_LEFT_OUT,
];

/**
 * @param hostNamespace number of the host's network namespace, where it is known
 * @param older which requests are told by their older names, too
 */
export function recordNetwork(
  registry: MetricRegistry,
  { report, requestsLeftOut }: NetworkRound,
  resources: MetricResources,
  hostNamespace: number | undefined,
  older: OlderConventions = NO_OLDER_CONVENTIONS,
): void {
  if (report.requests !== undefined) recordRequests(registry, report.requests, resources, older);
  if (report.connections !== undefined) recordConnections(registry, report, report.connections, resources);
  if (report.packets !== undefined) recordPackets(registry, report.packets, resources.host, hostNamespace);
  registry.number(SPANS_LEFT_OUT).add(resources.agent, requestsLeftOut);
}

function recordRequests(
  registry: MetricRegistry,
  report: RequestReport,
  resources: MetricResources,
  older: OlderConventions,
): void {
  for (const row of report.requests) {
    const resource = resources.of(row.process);
    recordRequest(registry, row, resource);
    recordOlderRequest(registry, row, resource, older);
  }
  for (const row of report.dns) recordQueries(registry, row, resources.of(row.process));
  const untimed = registry.number(UNTIMED_COUNT);
  const reason = { "skep.reason": "no_room" };
  untimed.add(resources.host, report.unattributedRequests, { ...reason, "network.protocol.name": "http" });
  untimed.add(resources.host, report.unattributedQueries, { ...reason, "network.protocol.name": "dns" });
  for (const flow of report.flows) {
    recordBytes(registry, resources.of(flow.process), "udp", flow);
    recordDatagrams(registry, resources.of(flow.process), flow);
  }
  recordBytes(registry, resources.host, "udp", report.unattributedDatagrams);
  recordDatagrams(registry, resources.host, report.unattributedDatagrams);
}

function recordRequest(registry: MetricRegistry, row: RequestStatistics, resource: TelemetryResource): void {
  const { side, protocol, latency, requests } = row;
  const isGrpc = protocol === "grpc";
  const untimed = requests - (latency?.count ?? 0);
  registry.number(UNTIMED_COUNT).add(resource, untimed, {
    "network.protocol.name": isGrpc ? "grpc" : "http",
    "skep.side": side,
    "skep.reason": "end_not_seen",
  });
  if (latency === undefined) return;
  const server = side === "client" ? serverAttributes(row) : {};
  if (isGrpc) {
    const definition = side === "server" ? RPC_SERVER_DURATION : RPC_CLIENT_DURATION;
    registry.duration<string>(definition).add(resource, latency, { ...rpcAttributes(row), ...server });
  } else {
    const definition = side === "server" ? HTTP_SERVER_DURATION : HTTP_CLIENT_DURATION;
    registry.duration<string>(definition).add(resource, latency, { ...httpAttributes(row), ...server });
  }
}

function httpAttributes(row: RequestStatistics) {
  const { side, tls, status, route, protocol, requests, aborted } = row;
  const method = methodOf(row.method);
  const errorType = errorTypeOf(row, aborted === requests);
  return {
    ...(method !== undefined && { "http.request.method": method }),
    "url.scheme": tls ? "https" : "http",
    ...(status !== undefined && { "http.response.status_code": status }),
    ...(errorType !== undefined && { "error.type": errorType }),
    "network.protocol.version": protocolVersion(protocol),
    ...(side === "server" && route !== undefined && { "http.route": route }),
  };
}

function rpcAttributes(row: RequestStatistics) {
  const { route, grpcStatus, requests, aborted } = row;
  const errorType = errorTypeOf(row, aborted === requests);
  return {
    "rpc.system.name": "grpc",
    ...(route !== undefined && { "rpc.method": route }),
    ...(grpcStatus !== undefined && { "rpc.status_code": grpcStatusName(grpcStatus) }),
    ...(errorType !== undefined && { "error.type": errorType }),
  };
}

function recordQueries(registry: MetricRegistry, row: DnsStatistics, resource: TelemetryResource): void {
  const { side, name, rcode, queries, latency } = row;
  const untimed = side === "client" ? queries - (latency?.count ?? 0) : queries;
  registry.number(UNTIMED_COUNT).add(resource, untimed, {
    "network.protocol.name": "dns",
    "skep.side": side,
    "skep.reason": side === "client" ? "no_answer" : "no_lookup",
  });
  // A server looks nothing up: it answers.
  if (latency === undefined || side === "server") return;
  const hasFailed = rcode !== undefined && rcode !== "NOERROR";
  registry.duration(DNS_DURATION).add(resource, latency, {
    "dns.question.name": name,
    ...(hasFailed && { "error.type": rcode }),
  });
}

function recordBytes(
  registry: MetricRegistry,
  resource: TelemetryResource,
  transport: "tcp" | "udp",
  { sentBytes, receivedBytes }: { readonly sentBytes: number; readonly receivedBytes: number },
): void {
  const io = registry.number(PROCESS_NETWORK_IO);
  io.add(resource, sentBytes, { "network.io.direction": "transmit", "network.transport": transport });
  io.add(resource, receivedBytes, { "network.io.direction": "receive", "network.transport": transport });
}

function recordDatagrams(
  registry: MetricRegistry,
  resource: TelemetryResource,
  { sentDatagrams, receivedDatagrams }: { readonly sentDatagrams: number; readonly receivedDatagrams: number },
): void {
  const count = registry.number(DATAGRAM_COUNT);
  count.add(resource, sentDatagrams, { "network.io.direction": "transmit" });
  count.add(resource, receivedDatagrams, { "network.io.direction": "receive" });
}

function recordConnections(
  registry: MetricRegistry,
  report: NetworkReport,
  { peers, otherPeers, failed, connections }: ConnectionReport,
  resources: MetricResources,
): void {
  const processes = processesByPid(report);
  for (const peer of peers) {
    const { pid, process: name, containerId } = peer;
    // Of a connection that no process has accepted it is nobody's.
    const process =
      pid === undefined || name === undefined
        ? undefined
        : (processes.get(pid) ?? { pid, name, ...(containerId !== undefined && { containerId }) });
    const resource = process === undefined ? resources.host : resources.of(process);
    recordPeer(registry, resource, peer, { transport: peer.transport, side: peer.role });
  }
  recordPeer(registry, resources.host, otherPeers, { transport: undefined, side: undefined });
  for (const [reason, count] of Object.entries(failed)) {
    registry.number(CONNECTION_FAILED).add(resources.host, count ?? 0, { "error.type": reason });
  }
  recordStates(registry, connections, resources.host);
}

/** Requests know more of a process than connections do. */
function processesByPid({ requests }: NetworkReport): ReadonlyMap<number, TracedProcess> {
  return new Map((requests?.requests ?? []).map(({ process }) => [process.pid, process]));
}

function recordPeer(
  registry: MetricRegistry,
  resource: TelemetryResource,
  totals: PeerTotals,
  {
    transport,
    side,
  }: { readonly transport: "tcp" | "unix" | undefined; readonly side: "client" | "server" | undefined },
): void {
  registry.number(CONNECTION_OPENED).add(resource, totals.opened, {
    ...(side !== undefined && { "skep.side": side }),
    ...(transport !== undefined && { "network.transport": transport }),
  });
  if (transport === "unix") return;
  recordBytes(registry, resource, "tcp", totals);
  registry.number(CONNECT_COUNT).add(resource, totals.connects);
  registry.number(CONNECT_TIME).add(resource, totals.connectLatencyNs / 1e9);
  const segments = registry.number(SEGMENT_COUNT);
  segments.add(resource, totals.sentSegments, { "network.io.direction": "transmit" });
  segments.add(resource, totals.receivedSegments, { "network.io.direction": "receive" });
  registry.number(RETRANSMIT_COUNT).add(resource, totals.retransmits);
}

/** Those that there are, and 0 for the states that there were before. */
const STATES = [
  "established",
  "syn_sent",
  "syn_recv",
  "fin_wait_1",
  "fin_wait_2",
  "time_wait",
  "close_wait",
  "last_ack",
  "closing",
  "unconn",
  "unknown",
];

function recordStates(
  registry: MetricRegistry,
  connections: ConnectionReport["connections"],
  host: TelemetryResource,
): void {
  const counts = new Map<string, number>(STATES.map((state) => [`tcp ${state}`, 0]));
  counts.set("unix established", 0);
  for (const { transport, state } of connections) {
    const key = `${transport} ${transport === "unix" ? "established" : stateName(state)}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  for (const [key, count] of counts) {
    const [transport = "", state = ""] = key.split(" ");
    const attributes = { "network.transport": transport, "network.connection.state": state };
    registry.number(CONNECTION_COUNT).set(host, count, attributes);
  }
}

/** `ss` writes FIN-WAIT-1, the semantic conventions fin_wait_1. */
function stateName(state: string): string {
  return state === "ESTAB" ? "established" : state.toLowerCase().replaceAll("-", "_");
}

function recordPackets(
  registry: MetricRegistry,
  { interfaces, drops, rttHistogram, localRttHistogram }: PacketReport,
  host: TelemetryResource,
  hostNamespace: number | undefined,
): void {
  for (const { interface: device, direction, packets, bytes } of interfaces) {
    const { name, networkNamespace } = device;
    const attributes = {
      "network.io.direction": direction,
      ...(networkNamespace !== hostNamespace && { "linux.network.namespace": networkNamespace }),
    };
    registry.number(NETWORK_IO).add(host, bytes, { ...attributes, "network.interface.name": name });
    registry.number(PACKET_COUNT).add(host, packets, { ...attributes, "system.device": name });
  }
  for (const { reason, network, transport, buffers } of drops) {
    registry.number(PACKET_DROPPED).add(host, buffers, {
      "linux.packet.drop.reason": reason,
      "network.type": network,
      "network.transport": transport,
    });
  }
  recordRtt(registry, rttHistogram, host, "remote");
  recordRtt(registry, localRttHistogram, host, "local");
}

/** Its buckets are cut in another way: each goes where its middle is. */
function recordRtt(
  registry: MetricRegistry,
  { buckets }: RttHistogram,
  host: TelemetryResource,
  peer: "remote" | "local",
): void {
  for (const { fromNs, untilNs, samples } of buckets) {
    const middleNs = (fromNs + untilNs) / 2;
    const offset = Math.max(0, Math.ceil(Math.log2(middleNs) * 2 ** LATENCY_SCALE) - 1);
    const latency = {
      count: samples,
      sumNs: middleNs * samples,
      minNs: fromNs,
      maxNs: untilNs,
      offset,
      counts: [samples],
    };
    registry.duration(TCP_RTT).add(host, latency, { "linux.tcp.peer": peer });
  }
}
