import type {
  DropRow,
  InterfaceRow,
  NetworkAnswer,
  PeerRow,
  QueryRow,
  RangeAnswer,
  RequestRow,
  ServiceEdge,
} from "./answers.ts";
import { isLoopback } from "./local-services.ts";
import { INTERFACE_ROWS, type NetworkSpan, PEER_ROWS, QUERY_ROWS, REQUEST_ROWS } from "./network-span.ts";
import { peerKind, question, requestKind } from "./request-kind.ts";
import { COUNT_ROWS, joined } from "./span-rows.ts";
import type { HistoryTables } from "./tables.ts";

const MAXIMUM_ROWS = 500;
/** Buckets of a power of two: those of the tracers. */
const BUCKETS_PER_POWER = 8;
/** Where fewer of the durations are known, no share of them is told. */
const LEAST_KNOWN = 0.9;

type Mutable<Row> = { -readonly [Name in keyof Row]: Row[Name] };
/** Counts by the number of their bucket. */
type Buckets = Map<number, number>;

/** All that is asked about the network, of all processes or of one. */
export function networkAnswer(
  tables: HistoryTables,
  spans: readonly NetworkSpan[],
  pid: number | undefined,
): Omit<NetworkAnswer, keyof RangeAnswer> {
  const isWanted = (process: number) => pid === undefined || tables.pidOf(process) === pid;
  const edges = new Edges();
  const requests = requestRows(tables, spans, isWanted, pid === undefined, edges);
  const peers = peerRows(tables, spans, isWanted, edges);
  return {
    requests: requests.slice(0, MAXIMUM_ROWS),
    requestKinds: requests.length,
    edges: edges.all().slice(0, MAXIMUM_ROWS),
    peers: peers.slice(0, MAXIMUM_ROWS),
    queries: queryRows(tables, spans, isWanted).slice(0, MAXIMUM_ROWS),
    interfaces: interfaceRows(tables, spans),
    drops: dropRows(tables, spans),
  };
}

function requestRows(
  tables: HistoryTables,
  spans: readonly NetworkSpan[],
  isWanted: (process: number) => boolean,
  areAll: boolean,
  edges: Edges,
): RequestRow[] {
  const bucketsByKind = new Map<number, Buckets>();
  joined(COUNT_ROWS, spans, "latencies").each((kind, bucket, { count }) => {
    const buckets = bucketsByKind.get(kind) ?? new Map<number, number>();
    bucketsByKind.set(kind, buckets);
    buckets.set(bucket, (buckets.get(bucket) ?? 0) + count);
  });
  const rows = new Map<string, { readonly row: Mutable<RequestRow>; readonly buckets: Buckets }>();
  const seenKinds = new Set<number>();
  joined(REQUEST_ROWS, spans, "requests").each((process, kindId, numbers) => {
    if (!isWanted(process) || numbers.requests === 0) return;
    const { server, callee, ...kind } = requestKind(tables, kindId) ?? OTHER_REQUESTS;
    const key = JSON.stringify(kind);
    const known = rows.get(key) ?? { row: { ...kind, ...NO_REQUESTS }, buckets: new Map() };
    rows.set(key, known);
    addTo(known.row, numbers);
    // Durations are kept for a service, not for each of its processes.
    const buckets = areAll && !seenKinds.has(kindId) ? bucketsByKind.get(kindId) : undefined;
    seenKinds.add(kindId);
    for (const [bucket, count] of buckets ?? []) known.buckets.set(bucket, (known.buckets.get(bucket) ?? 0) + count);
    if (kind.side === "client" && server !== undefined) edges.addRequests(kind.service, callee, server, numbers);
  });
  return Array.from(rows.values(), ({ row, buckets }) => ({
    ...row,
    ...quantilesOf(buckets, row.timed, row.maxNs),
  })).sort((a, b) => b.requests - a.requests);
}

const OTHER_REQUESTS: ReturnType<typeof requestKind> & object = {
  service: "other requests",
  side: "server",
  protocol: "",
  tls: false,
};
const NO_REQUESTS = { requests: 0, errors: 0, timed: 0, totalNs: 0, maxNs: 0, requestBytes: 0, responseBytes: 0 };

function addTo<Name extends string>(sum: Record<Name, number>, numbers: Readonly<Record<Name, number>>): void {
  for (const name of Object.keys(numbers) as Name[]) {
    sum[name] = name === "maxNs" ? Math.max(sum[name], numbers[name]) : sum[name] + numbers[name];
  }
}

function quantilesOf(buckets: Buckets, timed: number, maxNs: number) {
  const ascending = [...buckets].filter(([bucket]) => bucket > 0).sort(([a], [b]) => a - b);
  const known = ascending.reduce((sum, [, count]) => sum + count, 0);
  if (timed === 0 || known < LEAST_KNOWN * timed) return {};
  const quantile = (share: number) => {
    let rest = Math.max(1, Math.ceil(share * known));
    for (const [bucket, count] of ascending) {
      rest -= count;
      // Numbers are one too high: 0 stands for those that found no room.
      if (rest <= 0) return Math.min(maxNs, 2 ** (bucket / BUCKETS_PER_POWER));
    }
    return maxNs;
  };
  return { p50Ns: quantile(0.5), p90Ns: quantile(0.9), p99Ns: quantile(0.99) };
}

function peerRows(
  tables: HistoryTables,
  spans: readonly NetworkSpan[],
  isWanted: (process: number) => boolean,
  edges: Edges,
): PeerRow[] {
  const rows: PeerRow[] = [];
  joined(PEER_ROWS, spans, "peers").each((process, kindId, numbers) => {
    if (!isWanted(process) || Object.values(numbers).every((value) => value === 0)) return;
    const kind = peerKind(tables, kindId);
    const { role = "", transport = "tcp", peer = "others", port, callee } = kind ?? {};
    rows.push({
      process: tables.process(process),
      role,
      transport,
      peer,
      ...(port !== undefined && { port }),
      ...(callee !== undefined && { callee }),
      ...numbers,
    });
    if (kind === undefined) return;
    if (role === "client") edges.addConnections(kind.service, callee, peer, numbers);
    // Who is on this machine has told of it as a client.
    else if (role === "server" && transport === "tcp" && !isLoopback(peer)) {
      edges.addConnections(peer, kind.service, `${kind.service}:${port ?? ""}`, numbers);
    }
  });
  return rows.sort((a, b) => b.sentBytes + b.receivedBytes - a.sentBytes - a.receivedBytes || b.opened - a.opened);
}

/** Who calls whom. */
class Edges {
  readonly #edges = new Map<string, Mutable<ServiceEdge>>();

  addRequests(
    from: string,
    callee: string | undefined,
    server: string,
    {
      requests,
      errors,
      timed,
      totalNs,
      maxNs,
    }: Readonly<Record<"requests" | "errors" | "timed" | "totalNs" | "maxNs", number>>,
  ): void {
    const edge = this.#edge(from, callee, server);
    addTo<"requests" | "errors" | "timed" | "totalNs" | "maxNs">(edge, { requests, errors, timed, totalNs, maxNs });
  }

  addConnections(
    from: string,
    callee: string | undefined,
    server: string,
    {
      opened,
      failed,
      sentBytes,
      receivedBytes,
      retransmits,
    }: Readonly<Record<"opened" | "failed" | "sentBytes" | "receivedBytes" | "retransmits", number>>,
  ): void {
    const edge = this.#edge(from, callee, server);
    const numbers = { opened, failed, sentBytes, receivedBytes, retransmits };
    addTo<keyof typeof numbers>(edge, numbers);
  }

  /** The most requests first, then the most bytes. */
  all(): ServiceEdge[] {
    const bytes = ({ sentBytes, receivedBytes }: ServiceEdge) => sentBytes + receivedBytes;
    return [...this.#edges.values()].sort((a, b) => b.requests - a.requests || bytes(b) - bytes(a));
  }

  #edge(from: string, callee: string | undefined, server: string): Mutable<ServiceEdge> {
    const key = JSON.stringify([from, server]);
    let edge = this.#edges.get(key);
    if (edge === undefined) {
      edge = { from, to: callee ?? server, server, ...NO_CALLS };
      this.#edges.set(key, edge);
    }
    if (callee !== undefined) edge.to = callee;
    return edge;
  }
}

const NO_CALLS = {
  requests: 0,
  errors: 0,
  timed: 0,
  totalNs: 0,
  maxNs: 0,
  opened: 0,
  failed: 0,
  sentBytes: 0,
  receivedBytes: 0,
  retransmits: 0,
};

function queryRows(
  tables: HistoryTables,
  spans: readonly NetworkSpan[],
  isWanted: (process: number) => boolean,
): QueryRow[] {
  const rows: QueryRow[] = [];
  joined(QUERY_ROWS, spans, "queries").each((process, text, numbers) => {
    if (!isWanted(process) || numbers.queries === 0) return;
    const [name = "other names", type = "", side = "", rcode = ""] = question(tables, text);
    rows.push({
      process: tables.process(process),
      name,
      type,
      side: side === "server" ? "server" : "client",
      ...(rcode !== "" && { rcode }),
      ...numbers,
    });
  });
  return rows.sort((a, b) => b.queries - a.queries);
}

function interfaceRows(tables: HistoryTables, spans: readonly NetworkSpan[]): InterfaceRow[] {
  const rows: InterfaceRow[] = [];
  joined(INTERFACE_ROWS, spans, "interfaces").each((device, direction, numbers) => {
    const name = device === 0 ? "others" : tables.printable(device);
    rows.push({ name, direction: tables.printable(direction), ...numbers });
  });
  return rows.sort((a, b) => b.bytes - a.bytes);
}

function dropRows(tables: HistoryTables, spans: readonly NetworkSpan[]): DropRow[] {
  const rows: DropRow[] = [];
  joined(COUNT_ROWS, spans, "drops").each((reason, protocol, { count }) => {
    rows.push({ reason: tables.printable(reason), protocol: tables.printable(protocol), packets: count });
  });
  return rows.sort((a, b) => b.packets - a.packets);
}
