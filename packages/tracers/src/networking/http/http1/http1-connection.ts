import type { HttpExchange } from "../http-request.ts";
import type { CloseReason, HttpConnection, HttpConnectionOptions } from "../protocol.ts";
import { type Direction, opposite } from "../segment.ts";
import type { Http1Exchange } from "./http1-exchange.ts";
import { Lane } from "./lane.ts";
import { Pairing } from "./pairing.ts";
import { RequestHandler } from "./request-handler.ts";
import { ResponseHandler } from "./response-handler.ts";

/** What the two directions of a connection share. */
export interface Http1Context {
  readonly options: HttpConnectionOptions;
  readonly pairing: Pairing;
  /** To be called when something of an exchange is over; delivers it once all of it is. */
  settle(exchange: Http1Exchange): void;
}

/** The requests of an HTTP/1 connection. */
export class Http1Connection implements HttpConnection {
  readonly #options: HttpConnectionOptions;
  readonly #pairing: Pairing;
  readonly #requestDirection: Direction;
  readonly #requests: RequestHandler;
  readonly #responses: ResponseHandler;
  readonly #requestLane: Lane;
  readonly #responseLane: Lane;

  constructor(options: HttpConnectionOptions) {
    this.#options = options;
    this.#requestDirection = options.side === "server" ? "received" : "sent";
    const settle = (exchange: Http1Exchange): void => this.#settle(exchange);
    this.#pairing = new Pairing(options.joinedLate, (exchange) => {
      exchange.giveUp();
      settle(exchange);
    });
    const context: Http1Context = { options, pairing: this.#pairing, settle };
    this.#requests = new RequestHandler(context, this.#requestDirection);
    this.#responses = new ResponseHandler(context, opposite(this.#requestDirection));
    this.#requestLane = new Lane("request", this.#requests, options.counts, !options.joinedLate);
    this.#responseLane = new Lane("response", this.#responses, options.counts, !options.joinedLate);
  }

  bytes(direction: Direction, position: number, data: Uint8Array, startNs: bigint, endNs: bigint): void {
    this.#pairing.active(endNs);
    // A call that receives may have been entered long before there was something to receive.
    const firstNs = direction === "sent" ? startNs : endNs;
    if (direction === this.#requestDirection) {
      if (this.#requestLane.beforeBody && this.#requests.bodyMayBeWithheld)
        this.#requestLane.endWithheldBody(data, endNs);
      this.#requestLane.bytes(position, data, firstNs, endNs);
    } else this.#responseLane.bytes(position, data, firstNs, endNs);
    this.#proceed();
  }

  gap(direction: Direction, _position: number, lengthBytes: number, atNs: bigint | undefined): void {
    this.#lane(direction).gap(lengthBytes, atNs);
    this.#proceed();
  }

  tick(nowNs: bigint): void {
    if (this.#requestLane.holds || this.#responseLane.holds) {
      this.#requestLane.tick(nowNs);
      this.#responseLane.tick(nowNs);
      this.#proceed();
    }
  }

  close(atNs: bigint | undefined, reason: CloseReason): void {
    this.#responseLane.flush();
    this.#requestLane.flush();
    this.#proceed();
    if (reason === "closed") this.#responseLane.close();
    const outcome = reason === "closed" ? "aborted" : "unanswered";
    const waiting = this.#pairing.drain();
    const requestBytes = this.#requestLane.bodyBytes;
    const answered = this.#responses.abandon();
    if (answered !== undefined) answered.responseBytes = this.#responseLane.bodyBytes;
    const requesting = this.#requests.abandon();
    if (requesting !== undefined) requesting.requestBytes = requestBytes;
    for (const exchange of new Set([answered, ...waiting, requesting])) {
      if (exchange === undefined) continue;
      if (!exchange.responseEnded) {
        exchange.outcome = outcome;
        exchange.endNs = reason === "closed" ? atNs : undefined;
        exchange.responseEnded = true;
      }
      exchange.requestEnded = true;
      this.#settle(exchange);
    }
  }

  #lane(direction: Direction): Lane {
    return direction === this.#requestDirection ? this.#requestLane : this.#responseLane;
  }

  /** Reads on where the other direction was waited for. */
  #proceed(): void {
    const upgraded = this.#responses.takeUpgraded();
    if (upgraded !== undefined) {
      this.#becomeHttp2(upgraded);
      return;
    }
    if (this.#responses.becameRaw) {
      this.#responses.becameRaw = false;
      this.#requestLane.becomeRaw();
      this.#responseLane.becomeRaw();
      this.#options.sink.skipUntil("sent", Number.POSITIVE_INFINITY);
      this.#options.sink.skipUntil("received", Number.POSITIVE_INFINITY);
    }
    while (this.#responseLane.proceed() || this.#requestLane.proceed()) {
      // Each turn takes something off one of the two.
    }
  }

  #becomeHttp2(upgraded: Http1Exchange): void {
    const { side, tls, onHttp2 } = this.#options;
    // Nothing can have been sent ahead but what is held.
    for (const exchange of this.#pairing.drain()) {
      exchange.giveUp();
      exchange.requestEnded = true;
      this.#settle(exchange);
    }
    const [requests, responses] = [this.#requestLane.take(), this.#responseLane.take()];
    const isServer = side === "server";
    const rest = { received: isServer ? requests : responses, sent: isServer ? responses : requests };
    onHttp2?.(upgraded.finish(side, tls), rest);
  }

  #settle(exchange: Http1Exchange): void {
    if (!exchange.over) return;
    const { side, tls, sink, counts } = this.#options;
    counts.delivered++;
    const finished: HttpExchange = exchange.finish(side, tls);
    sink.exchange(finished);
  }
}
