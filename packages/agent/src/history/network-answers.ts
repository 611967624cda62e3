import type {
  DropRow,
  InterfaceRow,
  NetworkAnswer,
  PeerRow,
  QueryRow,
  RangeAnswer,
  RequestRow,
  ServedRow,
  ServiceEdge,
} from "./answers.ts";
import { INTERFACE_ROWS, type NetworkSpan, PEER_ROWS, QUERY_ROWS, REQUEST_ROWS } from "./network-span.ts";
import { type PeerKind, peerKind, question, requestKind } from "./request-kind.ts";
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
  const edges = new Edges(pid === undefined ? undefined : namesOf(tables, spans, isWanted));
  const { rows: requests, served } = requestRows(tables, spans, isWanted, pid === undefined, edges);
  const peers = peerRows(tables, spans, isWanted, edges);
  const allEdges = edges.all();
  return {
    requests: requests.slice(0, MAXIMUM_ROWS),
    requestKinds: requests.length,
    edges: allEdges.slice(0, MAXIMUM_ROWS),
    edgeCount: allEdges.length,
    served: served.slice(0, MAXIMUM_ROWS),
    peers: peers.slice(0, MAXIMUM_ROWS),
    queries: queryRows(tables, spans, isWanted).slice(0, MAXIMUM_ROWS),
    interfaces: interfaceRows(tables, spans),
    drops: dropRows(tables, spans),
  };
}

/** What the process is called, under all names that it had. */
function namesOf(
  tables: HistoryTables,
  spans: readonly NetworkSpan[],
  isWanted: (process: number) => boolean,
): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { peers } of spans) {
    for (const process of peers.first) if (isWanted(process)) names.add(tables.process(process).name);
  }
  return names;
}

function requestRows(
  tables: HistoryTables,
  spans: readonly NetworkSpan[],
  isWanted: (process: number) => boolean,
  areAll: boolean,
  edges: Edges,
): { readonly rows: RequestRow[]; readonly served: ServedRow[] } {
  const bucketsByKind = new Map<number, Buckets>();
  joined(COUNT_ROWS, spans, "latencies").each((kind, bucket, { count }) => {
    const buckets = bucketsByKind.get(kind) ?? new Map<number, number>();
    bucketsByKind.set(kind, buckets);
    buckets.set(bucket, (buckets.get(bucket) ?? 0) + count);
  });
  const rows = new Map<string, { readonly row: Mutable<RequestRow>; readonly buckets: Buckets }>();
  const served = new Map<string, { readonly row: Mutable<ServedRow>; readonly buckets: Buckets }>();
  const seenKinds = new Set<number>();
  joined(REQUEST_ROWS, spans, "requests").each((process, kindId, numbers) => {
    if (numbers.requests === 0) return;
    const { server, callee, ...kind } = requestKind(tables, kindId) ?? OTHER_REQUESTS;
    // Durations are kept for a service, not for each of its processes.
    const buckets = areAll && !seenKinds.has(kindId) ? bucketsByKind.get(kindId) : undefined;
    seenKinds.add(kindId);
    if (kind.side === "client" && server !== undefined && (isWanted(process) || edges.isCalleeWanted(callee))) {
      edges.addRequests(kind.service, callee, server, numbers, buckets);
    }
    if (!isWanted(process)) return;
    const key = JSON.stringify(kind);
    const known = rows.get(key) ?? { row: { ...kind, ...NO_REQUESTS }, buckets: new Map() };
    rows.set(key, known);
    addTo(known.row, numbers);
    addBuckets(known.buckets, buckets);
    if (kind.side === "client" || kind.protocol === "") return;
    const { service } = kind;
    const all = served.get(service) ?? { row: { service, ...NO_REQUESTS }, buckets: new Map() };
    served.set(service, all);
    addTo<keyof typeof NO_REQUESTS>(all.row, numbers);
    addBuckets(all.buckets, buckets);
  });
  return { rows: withQuantiles(rows.values()), served: withQuantiles(served.values()) };
}

/** The most requests first. */
function withQuantiles<Row extends Pick<RequestRow, "requests" | "timed" | "maxNs">>(
  rows: Iterable<{ readonly row: Row; readonly buckets: Buckets }>,
): (Row & ReturnType<typeof quantilesOf>)[] {
  return Array.from(rows, ({ row, buckets }) => ({
    ...row,
    ...quantilesOf(buckets, row.timed, row.maxNs),
  })).sort((a, b) => b.requests - a.requests);
}

function addBuckets(sum: Buckets, buckets: Buckets | undefined): void {
  for (const [bucket, count] of buckets ?? []) sum.set(bucket, (sum.get(bucket) ?? 0) + count);
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
    if (Object.values(numbers).every((value) => value === 0)) return;
    const kind = peerKind(tables, kindId);
    if (kind !== undefined && (isWanted(process) || (kind.role === "client" && edges.isCalleeWanted(kind.callee)))) {
      edges.addPeer(kind, numbers);
    }
    if (!isWanted(process)) return;
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
  });
  return rows.sort((a, b) => b.sentBytes + b.receivedBytes - a.sentBytes - a.receivedBytes || b.opened - a.opened);
}

type RequestNumbers = Readonly<Record<"requests" | "errors" | "timed" | "totalNs" | "maxNs", number>>;
type ConnectionNumbers = Readonly<Record<"opened" | "failed" | "sentBytes" | "receivedBytes" | "retransmits", number>>;

interface Edge {
  readonly row: Mutable<ServiceEdge>;
  readonly buckets: Buckets;
}

/** Who calls whom. Where both ends are on this machine, what the client says of it counts, and not the server's, too. */
class Edges {
  readonly #edges = new Map<string, Edge>();
  /** Those that only a server of this machine told of, though their clients are here. */
  readonly #ofServers: { readonly kind: PeerKind; readonly numbers: ConnectionNumbers }[] = [];
  readonly #wantedNames: ReadonlySet<string> | undefined;

  /** @param wantedNames the services whose callers are asked for; undefined: all */
  constructor(wantedNames: ReadonlySet<string> | undefined) {
    this.#wantedNames = wantedNames;
  }

  isCalleeWanted(callee: string | undefined): boolean {
    return this.#wantedNames === undefined || (callee !== undefined && this.#wantedNames.has(callee));
  }

  addRequests(
    from: string,
    callee: string | undefined,
    server: string,
    { requests, errors, timed, totalNs, maxNs }: RequestNumbers,
    buckets: Buckets | undefined,
  ): void {
    const edge = this.#edge(from, true, callee, server);
    addTo<keyof RequestNumbers>(edge.row, { requests, errors, timed, totalNs, maxNs });
    addBuckets(edge.buckets, buckets);
  }

  addPeer(kind: PeerKind, numbers: ConnectionNumbers): void {
    const { role, service, callee, peer, transport, port = "", isLocal } = kind;
    if (role === "client") this.#addConnections(this.#edge(service, true, callee, peer), numbers);
    else if (role === "server" && isLocal) this.#ofServers.push({ kind, numbers });
    else if (role === "server" && transport === "tcp") {
      this.#addConnections(this.#edge(peer, false, service, `${service}:${port}`), fromClient(numbers));
    }
  }

  /** The most requests first, then the most bytes. */
  all(): ServiceEdge[] {
    this.#addUntold();
    const bytes = ({ sentBytes, receivedBytes }: ServiceEdge) => sentBytes + receivedBytes;
    return withQuantiles(this.#edges.values())
      .map(({ p50Ns: _, p90Ns: __, ...edge }) => edge)
      .sort((a, b) => b.requests - a.requests || bytes(b) - bytes(a));
  }

  /** Clients that are not traced, or not found to be the ones, show by their address. */
  #addUntold(): void {
    const told = new Set<string>();
    for (const { row } of this.#edges.values()) {
      if (row.toHere) told.add(`${row.to} ${/:(\d+)$/.exec(row.server)?.[1] ?? ""}`);
    }
    for (const { kind, numbers } of this.#ofServers.splice(0)) {
      const { service, peer, transport, port = "" } = kind;
      if (transport === "unix" || told.has(`${service} ${port}`)) continue;
      this.#addConnections(this.#edge(peer, false, service, `${service}:${port}`), fromClient(numbers));
    }
  }

  #addConnections({ row }: Edge, { opened, failed, sentBytes, receivedBytes, retransmits }: ConnectionNumbers): void {
    addTo<keyof ConnectionNumbers>(row, { opened, failed, sentBytes, receivedBytes, retransmits });
  }

  #edge(from: string, fromHere: boolean, callee: string | undefined, server: string): Edge {
    const key = JSON.stringify([from, server]);
    let edge = this.#edges.get(key);
    if (edge === undefined) {
      const row = { from, fromHere, to: callee ?? server, toHere: callee !== undefined, server, ...NO_CALLS };
      edge = { row, buckets: new Map() };
      this.#edges.set(key, edge);
    }
    if (callee !== undefined) Object.assign(edge.row, { to: callee, toHere: true });
    return edge;
  }
}

/** What the server has sent its client has received. */
function fromClient({ sentBytes, receivedBytes, ...numbers }: ConnectionNumbers): ConnectionNumbers {
  const { opened, failed, retransmits } = numbers;
  return { opened, failed, retransmits, sentBytes: receivedBytes, receivedBytes: sentBytes };
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
