import { type Direction, opposite } from "../segment.ts";
import { Framing, responseFraming } from "./body-framing.ts";
import type { HeaderFields } from "./header-fields.ts";
import type { Http1Context } from "./http1-connection.ts";
import type { Http1Exchange } from "./http1-exchange.ts";
import type { MessageHandler } from "./message-reader.ts";
import { parseStatusLine } from "./start-line.ts";

/** What the responses of a connection become. */
export class ResponseHandler implements MessageHandler {
  readonly #context: Http1Context;
  readonly #direction: Direction;
  #status = 0;
  /** What the response that is being read answers; none for a 1xx. */
  #current: Http1Exchange | undefined;
  /** The connection left HTTP/1 with the last response. */
  becameRaw = false;
  #upgraded: Http1Exchange | undefined;

  constructor(context: Http1Context, direction: Direction) {
    this.#context = context;
    this.#direction = direction;
  }

  /** Takes what the response that is being read answers. */
  abandon(): Http1Exchange | undefined {
    const current = this.#current;
    this.#current = undefined;
    return current;
  }

  /** Takes the request with which the connection became one of HTTP/2, once. */
  takeUpgraded(): Http1Exchange | undefined {
    const upgraded = this.#upgraded;
    this.#upgraded = undefined;
    return upgraded;
  }

  /** On a client's side the response can be told of before the request, where two threads share the connection. */
  mayBegin(): boolean {
    const { options, pairing } = this.#context;
    if (pairing.expectsNone) return false;
    return !pairing.needsTimes || options.holds?.(opposite(this.#direction)) !== true;
  }

  firstLine(bytes: Uint8Array, start: number, end: number, startNs: bigint): boolean {
    const line = parseStatusLine(bytes, start, end);
    if (line === undefined) return false;
    this.#status = line.status;
    if (isInterim(line.status)) return true;
    this.#current = this.#context.pairing.take(startNs);
    if (this.#current === undefined) this.#context.options.counts.trouble.unpairedResponses++;
    else this.#current.status = line.status;
    return true;
  }

  headEnd(fields: HeaderFields, endNs: bigint): number {
    const framing = responseFraming(fields, this.#status, this.#current?.method);
    if (framing === Framing.raw && this.#goesOnInHttp2(fields)) {
      this.#upgraded = this.#current;
      this.#current = undefined;
      return Framing.http2;
    }
    if (framing === Framing.raw) {
      this.becameRaw = true;
      if (this.#current !== undefined) {
        this.#current.outcome = this.#status === 101 ? "upgraded" : "tunnelled";
        this.#end(0, endNs);
      }
    }
    return framing;
  }

  messageEnd(bodyBytes: number, endNs: bigint | undefined): void {
    if (!isInterim(this.#status)) this.#end(bodyBytes, endNs);
  }

  framingLost(why: "gap" | "malformed" | "tooLong", _partialLine: Uint8Array | undefined): void {
    const { counts } = this.#context.options;
    counts.trouble.framingLost++;
    if (why === "malformed" && this.#current !== undefined) counts.trouble.malformedHeads++;
    if (why === "gap" && this.#current === undefined) this.#context.pairing.responseLost();
    else this.#context.pairing.responsesLost();
    this.#end(undefined, undefined);
  }

  missed(): void {
    this.#context.pairing.responsesLost();
  }

  skipUntil(position: number): void {
    this.#context.options.sink.skipUntil(this.#direction, position);
  }

  /** A body of the request that is still on its way would come first: then it is as with any other upgrade. */
  #goesOnInHttp2(fields: HeaderFields): boolean {
    const isUpgrade = this.#status === 101 && fields.upgradeToHttp2;
    return isUpgrade && this.#current?.requestEnded === true && this.#context.options.onHttp2 !== undefined;
  }

  #end(bodyBytes: number | undefined, endNs: bigint | undefined): void {
    const current = this.#current;
    if (current === undefined) return;
    this.#current = undefined;
    current.responseBytes = bodyBytes;
    current.endNs = endNs;
    current.responseEnded = true;
    this.#context.settle(current);
  }
}

/** Of a response that others follow before the final one. */
function isInterim(status: number): boolean {
  return status < 200 && status !== 101;
}
