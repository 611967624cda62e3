import type { TracedProcess } from "../traced-process.ts";
import type { Endpoint } from "./addresses.ts";
import type { DnsExchange } from "./dns/dns-exchanges.ts";
import type { HttpLoss, HttpTrouble } from "./http/http-counts.ts";
import type { HttpExchange, HttpProtocol, HttpSide } from "./http/http-request.ts";
import type { Latency } from "./latency-histogram.ts";
import type { UdpFlow, UdpTotals } from "./udp-flows.ts";

/** Whose it was, and over which connection. */
export interface RequestOrigin {
  readonly process: TracedProcess;
  /** Absent for Unix sockets, and where it is not known. */
  readonly local?: Endpoint;
  readonly peer?: Endpoint;
  /** When it began, in nanoseconds since 1970. */
  readonly timeUnixNs: bigint;
}

/** A request of HTTP that is over. */
export interface HttpRequestEvent extends HttpExchange, RequestOrigin {
  readonly kind: "http";
}

/** A query of DNS that is over. */
export interface DnsQueryEvent extends DnsExchange, RequestOrigin {
  readonly kind: "dns";
}

export type RequestEvent = HttpRequestEvent | DnsQueryEvent;

/** Requests that are alike. */
export interface RequestStatistics {
  readonly process: TracedProcess;
  readonly side: HttpSide;
  readonly protocol: HttpProtocol;
  readonly tls: boolean;
  /** Absent where not known, as what follows. */
  readonly method?: string;
  /** The path's template, guessed: `/users/{id}`. For gRPC the method: `package.Service/Method`. */
  readonly route?: string;
  readonly status?: number;
  readonly grpcStatus?: number;
  /** Of clients, where these are told apart by the server: Host or :authority, and whom they were connected to. */
  readonly host?: string;
  readonly peer?: Endpoint;
  readonly requests: number;
  /** Of them, those that were aborted: all or none where servers are told apart. */
  readonly aborted: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
  /** Of those whose duration is known. */
  readonly latency?: Latency;
}

/** Queries that are alike. */
export interface DnsStatistics {
  readonly process: TracedProcess;
  readonly side: DnsExchange["side"];
  readonly name: string;
  readonly type: string;
  /** Absent where no answer came. */
  readonly rcode?: string;
  readonly queries: number;
  readonly latency?: Latency;
}

/** What was asked over the network, in plain data. */
export interface RequestReport {
  /** Start of the time that the report covers, in nanoseconds since 1970. */
  readonly timeUnixNs: bigint;
  readonly durationNs: number;
  /** Those that ended in this time; the most frequent first. */
  readonly requests: readonly RequestStatistics[];
  /** Requests that found no room among them. */
  readonly unattributedRequests: number;
  readonly dns: readonly DnsStatistics[];
  readonly unattributedQueries: number;
  /** Datagrams of UDP; most bytes first. */
  readonly flows: readonly UdpFlow[];
  readonly unattributedDatagrams: UdpTotals;
  /** Requests that are not in the report, by reason. */
  readonly lost: Readonly<Record<RequestLossReason, number>>;
  /** What the report may lack something for, by reason. */
  readonly incomplete: Readonly<Record<RequestIncompleteReason, number>>;
}

/**
 * - `serverRingFull`, `clientRingFull`: calls whose payload began with a request, for which the ring buffer had no room
 * - `dnsRingFull`: messages of DNS for which it had none
 * - `recursion`: calls, at most so many, for which the kernel ran neither form of a program; by Linux 7.0 it may, where tasks
 *   on that CPU were preempted, and calls of processes that are not traced are among them
 * - `dnsWaiting`: queries of DNS, of which too many waited
 * - `eventsUnread`: events that their reader was too slow for; they are in the report all the same
 * - and what HttpCounts has
 */
export type RequestLossReason =
  | HttpLoss
  | "serverRingFull"
  | "clientRingFull"
  | "dnsRingFull"
  | "recursion"
  | "dnsWaiting"
  | "eventsUnread";

/**
 * - `payloadsLost`, `payloadBytesLost`: calls, and their bytes, for which the ring buffer had no room
 * - `bodiesLeftOut`: calls whose payload was left out so that heads found room in the ring buffer: the sizes of bodies in
 *   chunks may be missing
 * - `endsLost`: ends of connections for which it had none: what was under way on them shows as unanswered, late
 * - `unreadable`: payload that was not in memory when it was looked at
 * - `threadsFull`: calls of threads that found no room
 * - `streamsEvicted`: connections that had to make room for others
 * - `flowsFull`: datagrams that are in `unattributedDatagrams`
 * - `messagesNotSeen`: of calls with more than 64 messages, those behind
 * - `multipathNotSeen`, `smcNotSeen`, `compatNotSeen`: calls on sockets of MPTCP and SMC, and by the 32-bit socketcall()
 * - `ioUringNotSeen`: requests of io_uring that have moved something over a socket; a request that goes on and on, as one
 *   to receive may, counts once. Before Linux 5.19 all that were submitted, of whatever kind. Where `seesIoUring` not those
 *   on TCP sockets, but calls of TCP's functions by something else than a system call whose bytes are in registered buffers
 *   or another place that isn't the process's memory, so that a head in them isn't seen; and those by io_uring's threads
 *   before 5.12, as whose they are can't be told. What it does to sockets of UDP and Unix is counted from 5.19 on then
 * - `childrenNotFollowed`: processes started by a target that found no room in the filter
 * - and what HttpCounts has as trouble
 */
export type RequestIncompleteReason =
  | HttpTrouble
  | "payloadsLost"
  | "payloadBytesLost"
  | "bodiesLeftOut"
  | "endsLost"
  | "unreadable"
  | "threadsFull"
  | "streamsEvicted"
  | "flowsFull"
  | "messagesNotSeen"
  | "multipathNotSeen"
  | "smcNotSeen"
  | "compatNotSeen"
  | "ioUringNotSeen"
  | "childrenNotFollowed";
