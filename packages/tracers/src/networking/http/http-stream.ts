import { HeadFinder } from "./head-finder.ts";
import type { HttpCounts } from "./http-counts.ts";
import type { HttpExchange, HttpSide } from "./http-request.ts";
import { Http1Connection } from "./http1/http1-connection.ts";
import { Http2Connection } from "./http2/http2-connection.ts";
import type { CloseReason, HttpConnection, HttpConnectionOptions, Rest } from "./protocol.ts";
import { isCertain, recogniseStart, type StreamStart } from "./recognise.ts";
import { type Direction, opposite, type Segment } from "./segment.ts";
import { type OrderedStream, StreamAssembler } from "./stream-assembler.ts";

/** What of a direction's bytes is wanted. */
export interface Wanted {
  /**
   * The bytes before that position are not needed. Calls that end before it need not be told of; the call that reaches
   * it has to be, as its time counts. `Infinity`: nothing more is needed.
   */
  readonly skipUntil: number;
}

export interface HttpStreamOptions {
  /** Default: false. */
  readonly tls?: boolean;
  /** Whether queries are kept. Default: false. */
  readonly keepQuery?: boolean;
  /**
   * The connection was there before tracing, so that requests may be under way which were never seen. Default: false,
   * then the first response answers the first request, and positions count from the first byte of the connection.
   */
  readonly joinedLate?: boolean;
  /** Of all streams together. */
  readonly counts: HttpCounts;
  /** Called once for each request that is delivered. */
  readonly onRequest: (request: HttpExchange) => void;
  /** Advice: bytes that are not needed may still come. */
  readonly onWanted?: (direction: Direction, wanted: Wanted) => void;
}

/**
 * The requests of one connection, out of the segments that went over it. Finds out by their first bytes which protocol
 * it is and on which side the traced process is. It may be joined anywhere, throws at no bytes, and keeps a bounded
 * amount of them.
 */
export class HttpStream {
  readonly #options: HttpStreamOptions;
  readonly #assemblers: Readonly<Record<Direction, StreamAssembler>>;
  readonly #finders: Readonly<Record<Direction, HeadFinder<StreamStart>>>;
  #connection: HttpConnection | undefined;
  #protocol: "http/1" | "h2" | undefined;
  #side: HttpSide | undefined;
  /** There were bytes before those that were recognised. */
  #joinedLate: boolean;
  #closed = false;

  constructor(options: HttpStreamOptions) {
    this.#options = options;
    this.#joinedLate = options.joinedLate ?? false;
    this.#assemblers = { sent: this.#assembler("sent"), received: this.#assembler("received") };
    const finding = {
      guess: recogniseStart,
      isCertain,
      fromStart: options.joinedLate !== true,
      ignored: (lengthBytes: number): void => {
        options.counts.trouble.ignoredBytes += lengthBytes;
        this.#joinedLate = true;
      },
    };
    this.#finders = { sent: new HeadFinder(finding), received: new HeadFinder(finding) };
  }

  /** Undefined as long as nothing was recognised. */
  get protocol(): "http/1" | "h2" | undefined {
    return this.#protocol;
  }

  /** Which side of the connection the traced process is. Undefined as long as nothing was recognised. */
  get side(): HttpSide | undefined {
    return this.#side;
  }

  add(segment: Segment): void {
    if (this.#closed) return;
    this.#assemblers[segment.direction].add(segment);
    this.tick(segment.endNs);
  }

  /** To be called now and then with the time of CLOCK_MONOTONIC, where no segments come that have it. */
  tick(nowNs: bigint): void {
    if (this.#assemblers.sent.holds) this.#assemblers.sent.tick(nowNs);
    if (this.#assemblers.received.holds) this.#assemblers.received.tick(nowNs);
    this.#connection?.tick(nowNs);
  }

  /** Ends what is under way. `atNs`: when the connection ended, by CLOCK_MONOTONIC; left out where that is not known. */
  close(atNs: bigint | undefined, reason: CloseReason): void {
    if (this.#closed) return;
    this.#assemblers.sent.flush();
    this.#assemblers.received.flush();
    this.#closed = true;
    const connection = this.#connection;
    connection?.close(atNs, reason);
    // What was held of it may have had a new one begin.
    if (this.#connection !== connection) this.#connection?.close(atNs, reason);
  }

  #assembler(direction: Direction): StreamAssembler {
    const { trouble } = this.#options.counts;
    const stream: OrderedStream = {
      bytes: (position, data, startNs, endNs) => {
        if (this.#connection === undefined) this.#recognise(direction, position, data, startNs, endNs);
        else this.#connection.bytes(direction, position, data, startNs, endNs);
      },
      gap: (position, lengthBytes, atNs, expected) => {
        if (!expected) {
          trouble.gaps++;
          trouble.gapBytes += lengthBytes;
        }
        if (this.#connection === undefined) {
          this.#finders[direction].clear();
          this.#joinedLate = true;
        } else this.#connection.gap(direction, position, lengthBytes, atNs);
      },
      repeated: (lengthBytes) => {
        trouble.repeatedBytes += lengthBytes;
      },
    };
    return new StreamAssembler(stream, this.#options.joinedLate !== true);
  }

  #recognise(direction: Direction, position: number, data: Uint8Array, startNs: bigint, endNs: bigint): void {
    const found = this.#finders[direction].find(position, data, startNs, endNs);
    if (found === undefined) return;
    const connection = this.#connect(direction, found.match);
    const other = opposite(direction);
    const held = this.#finders[other].take();
    if (held !== undefined) connection.bytes(other, held.position, held.bytes, held.startNs, held.endNs);
    connection.bytes(direction, found.position, found.bytes, found.startNs, endNs);
  }

  #connect(direction: Direction, match: StreamStart): HttpConnection {
    const sender = match.kind === "h2" ? match.sender : match.kind === "request" ? "client" : "server";
    this.#side = (sender === "client") === (direction === "sent") ? "client" : "server";
    this.#protocol = match.kind === "h2" ? "h2" : "http/1";
    const { tls = false, keepQuery = false, counts, onRequest, onWanted } = this.#options;
    const options: HttpConnectionOptions = {
      onHttp2: (request, rest) => this.#goOnInHttp2(options, request, rest),
      side: this.#side,
      tls,
      keepQuery,
      joinedLate: this.#joinedLate,
      holds: (held) => this.#assemblers[held].holds,
      counts,
      sink: {
        exchange: onRequest,
        skipUntil: (skipped, skipUntil) => {
          this.#assemblers[skipped].expectGap(skipUntil);
          onWanted?.(skipped, { skipUntil });
        },
      },
    };
    const connection = match.kind === "h2" ? new Http2Connection(options) : new Http1Connection(options);
    this.#connection = connection;
    return connection;
  }

  #goOnInHttp2(
    options: HttpConnectionOptions,
    request: HttpExchange,
    rest: Readonly<Record<Direction, readonly Rest[]>>,
  ): void {
    const connection = new Http2Connection({ ...options, joinedLate: false }, request);
    this.#connection = connection;
    this.#protocol = "h2";
    for (const direction of ["received", "sent"] as const) {
      for (const { position, bytes, lengthBytes, startNs, endNs } of rest[direction]) {
        if (bytes === undefined) connection.gap(direction, position, lengthBytes, endNs);
        else connection.bytes(direction, position, bytes, startNs, endNs ?? startNs);
      }
    }
  }
}
