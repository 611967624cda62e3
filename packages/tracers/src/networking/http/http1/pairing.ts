import type { Http1Exchange } from "./http1-exchange.ts";

/** Requests under way on one connection. Clients that send more than a few dozen ahead are tests. */
const MAX_WAITING = 1024;
/** When nothing went either way for so long, nothing is owed. */
const QUIET_NS = 1_000_000_000n;

/**
 * Which request a response answers. Responses come in the order of the requests (RFC 9112, 9.3), so where both streams
 * are whole that is the first one that waits. Behind a gap, and on a connection that was joined late, nobody knows how
 * many responses are owed. There it stands on time: a client that doesn't send ahead sends its next request when the
 * response to the last one is there. On a connection that was seen to send ahead nothing is paired until it was quiet.
 */
export class Pairing {
  readonly #waiting: Http1Exchange[] = [];
  readonly #giveUp: (exchange: Http1Exchange) => void;
  #inOrder: boolean;
  /** How many of the first that wait are in order though what follows them is not. */
  #inOrderCount = 0;
  #sendsAhead = false;
  #lastStartNs: bigint | undefined;
  #activeNs = 0n;

  constructor(joinedLate: boolean, giveUp: (exchange: Http1Exchange) => void) {
    this.#inOrder = !joinedLate;
    this.#giveUp = giveUp;
  }

  /** What a response answers is told by the times of all requests before it. */
  get needsTimes(): boolean {
    return !this.#inOrder && this.#inOrderCount === 0;
  }

  /** A response that comes now answers no request of before. */
  get expectsNone(): boolean {
    return this.#waiting.length === 0 && (this.#inOrder || !this.#sendsAhead);
  }

  /** Takes all that wait. */
  drain(): Http1Exchange[] {
    this.#inOrderCount = 0;
    return this.#waiting.splice(0);
  }

  /** Bytes went, either way. */
  active(atNs: bigint): void {
    if (!this.#inOrder && this.#sendsAhead && this.#activeNs > 0n && atNs - this.#activeNs > QUIET_NS) {
      this.#forsake(this.#waiting.length);
      this.#inOrder = true;
    }
    if (atNs > this.#activeNs) this.#activeNs = atNs;
  }

  /** Returns false where there is no room. */
  begin(exchange: Http1Exchange): boolean {
    if (this.#waiting.length >= MAX_WAITING) {
      this.#sendsAhead = true;
      this.requestsLost();
      return false;
    }
    if (this.#lastStartNs === exchange.startNs) this.#sendsAhead = true;
    this.#lastStartNs = exchange.startNs;
    this.#waiting.push(exchange);
    // No response can be told.
    if (this.needsTimes && this.#sendsAhead) this.#forsake(this.#waiting.length);
    return true;
  }

  /** The request whose final response began at that time. */
  take(startNs: bigint): Http1Exchange | undefined {
    if (this.needsTimes) return this.#takeByTime(startNs);
    const [first, second] = this.#waiting;
    if (first === undefined || first.startNs > startNs) return undefined;
    this.#waiting.shift();
    if (!this.#inOrder) this.#inOrderCount--;
    else if (second !== undefined && second.startNs <= startNs) this.#sendsAhead = true;
    return first;
  }

  /** Some requests behind the last one may have been missed. */
  requestsLost(): void {
    if (this.#inOrder) this.#inOrderCount = this.#waiting.length;
    this.#inOrder = false;
  }

  /** The beginning of the next response was missed. Where nothing is sent ahead it answers the first one that waits. */
  responseLost(): void {
    if (!this.needsTimes) this.#forsake(1);
    this.responsesLost();
  }

  /** Some responses may have been missed. */
  responsesLost(): void {
    this.#inOrder = false;
    this.#inOrderCount = 0;
    if (this.#sendsAhead) this.#forsake(this.#waiting.length);
  }

  #takeByTime(startNs: bigint): Http1Exchange | undefined {
    if (this.#sendsAhead) return undefined;
    const index = this.#waiting.findLastIndex((exchange) => exchange.startNs <= startNs);
    if (index < 0) return undefined;
    this.#forsake(index);
    this.#inOrder = true;
    return this.#waiting.shift();
  }

  #forsake(count: number): void {
    for (const exchange of this.#waiting.splice(0, count)) this.#giveUp(exchange);
  }
}
