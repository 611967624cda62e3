import type { HttpCounts } from "./http-counts.ts";
import type { HttpExchange, HttpSide } from "./http-request.ts";
import type { Direction } from "./segment.ts";

/** Why a connection is over. */
export type CloseReason =
  /** Its socket was closed, or reset: what is unanswered was aborted. */
  | "closed"
  /** Tracing ended, or the connection was forgotten: what is unanswered may go on. */
  | "untraced";

/** Where a connection's parser sends what it found. */
export interface HttpSink {
  /** A request that is over. Called once for each one that is delivered. */
  exchange(exchange: HttpExchange): void;
  /**
   * The bytes before `position` are not needed. Calls that end before it need not be told of at all; the call that
   * reaches it has to be, as its time counts. Advice: the bytes may still come. `Infinity`: nothing more is needed.
   */
  skipUntil(direction: Direction, position: number): void;
}

/** Bytes that went in one direction behind those that HTTP/1 had a use for; as many that were not captured, without `bytes`. */
export interface Rest {
  readonly position: number;
  readonly bytes: Uint8Array | undefined;
  readonly lengthBytes: number;
  readonly startNs: bigint;
  readonly endNs: bigint | undefined;
}

export interface HttpConnectionOptions {
  readonly side: HttpSide;
  readonly tls: boolean;
  /** Whether queries are kept. */
  readonly keepQuery: boolean;
  /** The connection was there before tracing: requests may be under way that were never seen. */
  readonly joinedLate: boolean;
  /** Whether bytes of that direction are held back, since some before them are missing and may yet come. Default: no. */
  readonly holds?: (direction: Direction) => boolean;
  readonly sink: HttpSink;
  /**
   * The connection goes on in HTTP/2, and answers this request there, as stream 1 (RFC 7540, 3.2). Nothing more is to be
   * given to this parser. Default: what follows is not looked at, as after other upgrades.
   */
  readonly onHttp2?: (request: HttpExchange, rest: Readonly<Record<Direction, readonly Rest[]>>) => void;
  /** Of all connections of a tracer together. */
  readonly counts: HttpCounts;
}

/**
 * The parser of one protocol on one connection. For each direction it gets bytes and gaps in the order of their
 * positions, without overlap and without holes: each position is the last one plus the last length. It throws at no
 * bytes, and what it keeps has a bound.
 *
 * It may begin at any byte of the stream. The first `bytes` begin with what its protocol was recognised by.
 */
export interface HttpConnection {
  /** `data` is valid during the call only. */
  bytes(direction: Direction, position: number, data: Uint8Array, startNs: bigint, endNs: bigint): void;
  /** Bytes that went but were not captured. Without `atNs` it is not known when. */
  gap(direction: Direction, position: number, lengthBytes: number, atNs: bigint | undefined): void;
  /** Time goes on: called at each segment of either direction and now and then, to give up what waits too long. */
  tick(nowNs: bigint): void;
  /** Ends what is under way. Without `atNs` it is not known when the connection ended. */
  close(atNs: bigint | undefined, reason: CloseReason): void;
}
