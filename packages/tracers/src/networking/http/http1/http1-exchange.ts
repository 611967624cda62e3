import type { HttpExchange, HttpOutcome, HttpProtocol, HttpSide } from "../http-request.ts";
import { wellFormedTraceparent } from "../traceparent.ts";
import { hostText, splitTarget, type Target } from "../url.ts";
import type { HeaderFields } from "./header-fields.ts";

/** A request and its response while they are under way. */
export class Http1Exchange {
  readonly startNs: bigint;
  readonly protocol: HttpProtocol;
  readonly method: string;
  readonly #target: Target;
  #host: string | undefined;
  #userAgent: string | undefined;
  #traceparent: string | undefined;
  /** It asked to leave HTTP/1 behind it: nobody knows what follows it before the response is there. */
  asksToLeave = false;
  expectsContinue = false;
  requestEnded = false;
  requestBytes: number | undefined;
  /** Of the final response, once its first line was seen. */
  status: number | undefined;
  /** No more is to come of the response, or nothing will be known of it. */
  responseEnded = false;
  responseBytes: number | undefined;
  endNs: bigint | undefined;
  outcome: HttpOutcome = "complete";

  constructor(method: string, target: string, protocol: HttpProtocol, startNs: bigint, keepQuery: boolean) {
    this.method = method;
    this.protocol = protocol;
    this.startNs = startNs;
    this.asksToLeave = method === "CONNECT";
    if (method === "CONNECT") {
      const host = hostText(target);
      this.#target = host === undefined ? {} : { host };
    } else this.#target = splitTarget(target, keepQuery);
  }

  addFields(fields: HeaderFields): void {
    this.asksToLeave ||= fields.upgrade;
    this.expectsContinue = fields.expectContinue;
    this.#userAgent = fields.userAgent;
    if (fields.host !== undefined) this.#host = hostText(fields.host);
    if (fields.traceparent !== undefined) this.#traceparent = wellFormedTraceparent(fields.traceparent);
  }

  get over(): boolean {
    return this.requestEnded && this.responseEnded;
  }

  /** Nothing will be known of its response. */
  giveUp(): void {
    this.outcome = "unanswered";
    this.responseEnded = true;
  }

  finish(side: HttpSide, tls: boolean): HttpExchange {
    const finished: Writable<HttpExchange> = {
      side,
      protocol: this.protocol,
      method: this.method,
      startNs: this.startNs,
      outcome: this.outcome,
      tls,
    };
    const { path, query, host = this.#host, scheme } = this.#target;
    if (path !== undefined) finished.path = path;
    if (query !== undefined) finished.query = query;
    if (host !== undefined) finished.host = host;
    if (scheme !== undefined) finished.scheme = scheme;
    if (this.#userAgent !== undefined) finished.userAgent = this.#userAgent;
    if (this.#traceparent !== undefined) finished.traceparent = this.#traceparent;
    if (this.status !== undefined) finished.status = this.status;
    if (this.requestBytes !== undefined) finished.requestBytes = this.requestBytes;
    if (this.responseBytes !== undefined) finished.responseBytes = this.responseBytes;
    if (this.endNs !== undefined) finished.durationNs = Math.max(0, Number(this.endNs - this.startNs));
    return finished;
  }
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };
