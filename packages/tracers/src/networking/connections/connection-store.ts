import type {
  ConnectFailure,
  Connection,
  ConnectionClosed,
  ConnectionEvent,
  LiveConnection,
  PeerTotals,
  PeerTraffic,
  TcpTraffic,
} from "./connection.ts";

type Counted = Pick<TcpTraffic, "sentBytes" | "receivedBytes" | "sentSegments" | "receivedSegments" | "retransmits">;
type PeerKey = Omit<PeerTraffic, keyof PeerTotals>;
type PeerCounts = { -readonly [Name in keyof PeerTotals]: number };

const nothing: Counted = { sentBytes: 0, receivedBytes: 0, sentSegments: 0, receivedSegments: 0, retransmits: 0 };
const noTotals: PeerTotals = { opened: 0, closed: 0, failed: 0, connects: 0, connectLatencyNs: 0, ...nothing };

export interface StoredConnections {
  readonly peers: readonly PeerTraffic[];
  readonly otherPeers: PeerTotals;
  readonly opened: number;
  readonly closed: number;
  readonly failed: Readonly<Partial<Record<ConnectFailure, number>>>;
  readonly peersFull: number;
}

/** Adds up, by process and peer, what happened between two snapshots. */
export class ConnectionStore {
  readonly #peerLimit: number;
  /** By id: what was counted already, or came before the tracer's start. */
  readonly #counted = new Map<number, Counted>();
  #peers = new Map<string, PeerKey & PeerCounts>();
  #others: PeerCounts = { ...noTotals };
  #opened = 0;
  #closed = 0;
  #failed: Partial<Record<ConnectFailure, number>> = {};
  #peersFull = 0;

  constructor(peerLimit: number) {
    this.#peerLimit = peerLimit;
  }

  /** Bytes from before the start don't count. */
  begin(connections: readonly LiveConnection[]): void {
    for (const { id, traffic } of connections) if (traffic !== undefined) this.#counted.set(id, traffic);
  }

  addEvent(event: ConnectionEvent): void {
    const peer = this.#peer(event);
    switch (event.kind) {
      case "opened":
        this.#opened++;
        peer.opened++;
        if (event.connectLatencyNs !== undefined) {
          peer.connects++;
          peer.connectLatencyNs += event.connectLatencyNs;
        }
        break;
      case "closed":
        this.#closed++;
        peer.closed++;
        this.#addTraffic(event, peer);
        this.#counted.delete(event.id);
        break;
      case "failed":
        this.#failed[event.reason] = (this.#failed[event.reason] ?? 0) + 1;
        peer.failed++;
        peer.retransmits += event.retransmits;
        break;
      default:
        event satisfies never;
    }
  }

  /** All that live now. Those that are not among them, and were not closed, are forgotten. */
  addLive(connections: readonly LiveConnection[], ids: ReadonlySet<number>): void {
    for (const connection of connections) {
      if (connection.traffic !== undefined) this.#addTraffic(connection, this.#peer(connection));
    }
    for (const id of this.#counted.keys()) if (!ids.has(id)) this.#counted.delete(id);
  }

  take(): StoredConnections {
    const taken = {
      peers: [...this.#peers.values()].filter(hasCounts),
      otherPeers: this.#others,
      opened: this.#opened,
      closed: this.#closed,
      failed: this.#failed,
      peersFull: this.#peersFull,
    };
    this.#peers = new Map();
    this.#others = { ...noTotals };
    this.#opened = 0;
    this.#closed = 0;
    this.#failed = {};
    this.#peersFull = 0;
    return taken;
  }

  #addTraffic({ id, traffic = undefined }: ConnectionClosed | LiveConnection, peer: PeerCounts): void {
    if (traffic === undefined) return;
    const before = this.#counted.get(id) ?? nothing;
    for (const name of Object.keys(nothing) as (keyof Counted)[]) {
      // A FIN that comes between the reads of two fields makes a byte less: it is not taken back.
      peer[name] += Math.max(0, traffic[name] - before[name]);
    }
    this.#counted.set(id, traffic);
  }

  #peer(connection: Connection): PeerCounts {
    const { transport, role, pid, process, cgroupPath, containerId, path } = connection;
    const serverPort = role === undefined ? undefined : (role === "client" ? connection.peer : connection.local)?.port;
    const peerAddress = connection.peer?.address;
    const identity = `${transport} ${role} ${pid} ${serverPort} ${peerAddress} ${process}\0${cgroupPath}\0${path}`;
    const known = this.#peers.get(identity);
    if (known !== undefined) return known;
    if (this.#peers.size >= this.#peerLimit) {
      this.#peersFull++;
      return this.#others;
    }
    const key: PeerKey = {
      transport,
      ...(role !== undefined && { role }),
      ...(pid !== undefined && { pid }),
      ...(process !== undefined && { process }),
      ...(cgroupPath !== undefined && { cgroupPath }),
      ...(containerId !== undefined && { containerId }),
      ...(peerAddress !== undefined && { peerAddress }),
      ...(serverPort !== undefined && { serverPort }),
      ...(path !== undefined && { path }),
    };
    const fresh = { ...key, ...noTotals };
    this.#peers.set(identity, fresh);
    return fresh;
  }
}

function hasCounts(peer: PeerTraffic): boolean {
  const { opened, closed, failed, sentBytes, receivedBytes, sentSegments, receivedSegments } = peer;
  return opened + closed + failed + sentBytes + receivedBytes + sentSegments + receivedSegments > 0;
}
