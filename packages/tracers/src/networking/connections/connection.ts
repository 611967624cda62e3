import type { Endpoint } from "../addresses.ts";

/** Which side this is: it called connect(), or accept(). */
export type ConnectionRole = "client" | "server";

/** One side of a connection: a TCP one over IPv4 or IPv6, or one of Unix stream sockets. */
export interface Connection {
  /** A number of its own, as long as the tracer runs. Where both ends are on this machine, each is a connection. */
  readonly id: number;
  readonly transport: "tcp" | "unix";
  /** Absent where it existed when the tracer started, and does not tell. */
  readonly role?: ConnectionRole;
  /**
   * The process that called connect() or accept(). Of one that existed when the tracer started, or was accepted by other
   * means (io_uring): one that has it, or has closed it. Absent where it was not accepted, or that is not known yet.
   */
  readonly pid?: number;
  /** Name of the process's first thread, at that time. */
  readonly process?: string;
  /** Path in the v2 hierarchy, from its root. */
  readonly cgroupPath?: string;
  /** 64 hexadecimal digits, whatever the runtime; absent outside of containers. */
  readonly containerId?: string;
  /** Of TCP. */
  readonly local?: Endpoint;
  readonly peer?: Endpoint;
  /** Of Unix sockets: what the listening one is bound to. An abstract name begins with `@`. Absent where it isn't known. */
  readonly path?: string;
  /** Inode of its network namespace, as in /proc/PID/ns/net. */
  readonly networkNamespace: number;
  /** It was there when the tracer started. */
  readonly existed: boolean;
  /** When it was established, by the wall clock. Absent where that was before the tracer's start. */
  readonly openedUnixNs?: bigint;
  /** Of a client: from the SYN to the SYN-ACK. Of Unix sockets there is none. */
  readonly connectLatencyNs?: number;
  /** Of a server: how long it waited for accept(). */
  readonly acceptDelayNs?: number;
}

/** What the kernel counts of a TCP connection from its beginning on, whether or not it was traced. */
export interface TcpTraffic {
  /** Payload, each byte once. */
  readonly sentBytes: number;
  /** Payload that was sent again. */
  readonly retransmittedBytes: number;
  /** Payload that has come in, in order. */
  readonly receivedBytes: number;
  /** With those that carry no payload, and those sent again. */
  readonly sentSegments: number;
  readonly receivedSegments: number;
  /** Segments with payload. */
  readonly sentDataSegments: number;
  readonly receivedDataSegments: number;
  /** Segments that were sent again, the SYN included. */
  readonly retransmits: number;
  /** Smoothed, and its mean deviation; absent before the first measurement. */
  readonly roundTripUs?: number;
  readonly roundTripDeviationUs?: number;
  /** The lowest of the last five minutes. */
  readonly lowestRoundTripUs?: number;
  /** In segments. */
  readonly congestionWindow: number;
  /** Written and not acknowledged yet, a FIN counted as a byte; received and not read yet. */
  readonly sendQueueBytes: number;
  readonly receiveQueueBytes: number;
}

export type ConnectionEvent = ConnectionOpened | ConnectionClosed | ConnectionFailed;

/** A client's handshake is over, or a server has accepted. */
export interface ConnectionOpened extends Connection {
  readonly kind: "opened";
  readonly timeUnixNs: bigint;
}

/**
 * How a connection ended: who sent its FIN first, who sent a reset, or that the peer was not heard of any more. `error`:
 * for another reason, such as a route that went.
 */
export type ConnectionEnd = "local" | "peer" | "reset-sent" | "reset-received" | "timeout" | "error";

export interface ConnectionClosed extends Connection {
  readonly kind: "closed";
  /** Of Unix sockets, when it was noticed: up to a second after it was closed. */
  readonly timeUnixNs: bigint;
  /** Since it was established. */
  readonly durationNs?: number;
  /** Absent of Unix sockets. */
  readonly end?: ConnectionEnd;
  /** Name of the socket's last error, such as `ECONNRESET`. */
  readonly error?: string;
  /** A handshake was completed, but no process ever accepted it. */
  readonly neverAccepted: boolean;
  /** Absent of Unix sockets, which do not count. */
  readonly traffic?: TcpTraffic;
}

/**
 * Why a connect failed. `cancelled`: the process closed the socket before there was an answer, which is how programs end
 * waiting by themselves.
 */
export type ConnectFailure =
  | "refused"
  | "reset"
  | "timeout"
  | "unreachable"
  | "no-address"
  | "denied"
  | "not-found"
  | "busy"
  | "cancelled"
  | "other";

export interface ConnectionFailed extends Connection {
  readonly kind: "failed";
  readonly timeUnixNs: bigint;
  readonly reason: ConnectFailure;
  /** Name of the errno; absent where it was cancelled. */
  readonly error?: string;
  /** From the call to the failure. */
  readonly durationNs?: number;
  /** SYNs that were sent again. */
  readonly retransmits: number;
}

/** A connection that there is now. */
export interface LiveConnection extends Connection {
  /** Of TCP, as `ss` names it. */
  readonly state: string;
  readonly traffic?: TcpTraffic;
}

/** A socket that waits for connections. */
export interface Listener extends Pick<Connection, "transport" | "pid" | "process" | "cgroupPath" | "containerId"> {
  readonly local?: Endpoint;
  readonly path?: string;
  readonly networkNamespace: number;
  /** Established, and not accepted yet. Not known of Unix sockets. */
  readonly queued?: number;
  /** How many may wait: what was given to listen(), within net.core.somaxconn. */
  readonly capacity: number;
  /** Of TCP: since it began to listen, how often a SYN or the end of a handshake was dropped: the queue was full. */
  readonly dropped?: number;
}

/** What was counted since the last snapshot. */
export interface PeerTotals {
  readonly opened: number;
  readonly closed: number;
  readonly failed: number;
  /** Of clients: those whose latency is known, and its sum. */
  readonly connects: number;
  readonly connectLatencyNs: number;
  /** Of TCP; what was before the tracer's start is left out. */
  readonly sentBytes: number;
  readonly receivedBytes: number;
  readonly sentSegments: number;
  readonly receivedSegments: number;
  readonly retransmits: number;
}

/** What one process had with one peer. */
export interface PeerTraffic
  extends PeerTotals,
    Pick<Connection, "transport" | "role" | "pid" | "process" | "cgroupPath" | "containerId" | "path"> {
  /** Absent of Unix sockets. */
  readonly peerAddress?: string;
  /** Of the server, on whichever side this is; absent where the side is not known. */
  readonly serverPort?: number;
}

/** Why events are missing. */
export type ConnectionLossReason =
  /** The ring buffer had no room. */
  | "opened"
  | "closed"
  | "failed"
  /** Connections, of which nothing is told: there were too many at a time. */
  | "connectionsFull"
  /** Changes, at most so many, that no program could look at, since it was in the middle of another one on that CPU. */
  | "interrupted"
  /** Events that `events()` was not read fast enough for. They are in the reports. */
  | "unread";

/** What is not as it should be with what there is. */
export type ConnectionIncompleteReason =
  /** Connections of the chosen processes' children that are not traced. */
  | "childrenNotFollowed"
  /** Cgroups whose path did not get through. */
  | "cgroupsUnknown"
  /** Ends of system calls that could not be looked at: a connection accepted by one lacks its process. */
  | "callsNotSeen"
  /** How often something was added to `otherPeers`. */
  | "peersFull";

/** What there is, and what happened since the start or the last snapshot. */
export interface ConnectionReport {
  readonly timeUnixNs: bigint;
  readonly durationNs: number;
  readonly connections: readonly LiveConnection[];
  readonly listeners: readonly Listener[];
  readonly peers: readonly PeerTraffic[];
  /** Of the peers that found no room among these. */
  readonly otherPeers: PeerTotals;
  /** Connected and accepted. */
  readonly opened: number;
  readonly closed: number;
  readonly failed: Readonly<Partial<Record<ConnectFailure, number>>>;
  /** Of those closed. */
  readonly neverAccepted: number;
  /** Of the whole machine: answers to a SYN that were sent again; resets. */
  readonly synAckRetransmits: number;
  readonly resetsSent: number;
  readonly resetsReceived: number;
  readonly lost: Readonly<Record<ConnectionLossReason, number>>;
  readonly incomplete: Readonly<Record<ConnectionIncompleteReason, number>>;
}
