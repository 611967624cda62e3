import type { Direction } from "../segment.ts";
import { requestFraming } from "./body-framing.ts";
import type { HeaderFields } from "./header-fields.ts";
import type { Http1Context } from "./http1-connection.ts";
import { Http1Exchange } from "./http1-exchange.ts";
import type { MessageHandler } from "./message-reader.ts";
import { mayBecomeStartLine, parseRequestLine } from "./start-line.ts";
import { methodOf, textOf } from "./text.ts";

/** What the requests of a connection become. */
export class RequestHandler implements MessageHandler {
  readonly #context: Http1Context;
  readonly #direction: Direction;
  /** The one that is being read. */
  #current: Http1Exchange | undefined;
  /** The last one that was read. */
  #last: Http1Exchange | undefined;

  constructor(context: Http1Context, direction: Direction) {
    this.#context = context;
    this.#direction = direction;
  }

  /** The body of the current request may stay away, as its final response came before it: RFC 9110, 10.1.1. */
  get bodyMayBeWithheld(): boolean {
    return this.#current?.expectsContinue === true && this.#current.status !== undefined;
  }

  /** Takes the request that is being read. */
  abandon(): Http1Exchange | undefined {
    const current = this.#current;
    this.#current = undefined;
    return current;
  }

  mayBegin(): boolean {
    const last = this.#last;
    if (last?.asksToLeave !== true || last.responseEnded) return true;
    // What the connection becomes with 101 is known at the end of that head.
    return last.status !== undefined && last.status !== 101;
  }

  firstLine(bytes: Uint8Array, start: number, end: number, startNs: bigint): boolean {
    const line = parseRequestLine(bytes, start, end);
    if (line === undefined) return false;
    const { options, pairing } = this.#context;
    const method = methodOf(bytes, start, line.methodEnd);
    const target = textOf(bytes, line.methodEnd + 1, line.targetEnd);
    const exchange = new Http1Exchange(method, target, line.version, startNs, options.keepQuery);
    options.counts.seen++;
    if (pairing.begin(exchange)) this.#current = exchange;
    else options.counts.lost.underWayLimit++;
    return true;
  }

  headEnd(fields: HeaderFields, _endNs: bigint): number {
    this.#current?.addFields(fields);
    return requestFraming(fields);
  }

  messageEnd(bodyBytes: number, _endNs: bigint | undefined): void {
    this.#end(bodyBytes);
  }

  framingLost(why: "gap" | "malformed" | "tooLong", partialLine: Uint8Array | undefined): void {
    const { options, pairing } = this.#context;
    options.counts.trouble.framingLost++;
    if (why === "malformed") options.counts.trouble.malformedHeads++;
    if (partialLine !== undefined && why !== "malformed" && mayBecomeStartLine(partialLine, 0, partialLine.length)) {
      options.counts.seen++;
      options.counts.lost[why === "gap" ? "headCut" : "headTooLong"]++;
    }
    pairing.requestsLost();
    this.#end(undefined);
  }

  missed(): void {
    this.#context.pairing.requestsLost();
  }

  skipUntil(position: number): void {
    this.#context.options.sink.skipUntil(this.#direction, position);
  }

  #end(bodyBytes: number | undefined): void {
    const current = this.#current;
    if (current === undefined) return;
    this.#current = undefined;
    this.#last = current;
    current.requestBytes = bodyBytes;
    current.requestEnded = true;
    this.#context.settle(current);
  }
}
