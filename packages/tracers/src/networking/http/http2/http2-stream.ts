import { type HeaderFields, KeptHeader } from "../hpack/kept-headers.ts";
import type { HttpExchange, HttpOutcome } from "../http-request.ts";
import type { HttpConnectionOptions } from "../protocol.ts";
import { wellFormedTraceparent } from "../traceparent.ts";
import { hostText, splitTarget } from "../url.ts";

const MAX_USER_AGENT_CHARS = 256;

/** `application/grpc`, `application/grpc+proto`; not grpc-web, whose status is in the body. */
const GRPC_CONTENT_TYPE = /^application\/grpc(?:$|[+;])/i;
const GRPC_PATH = /^\/[^/]+\/[^/]+$/;
const METHOD = /^[\w!#$%&'*+.^`|~-]{1,32}$/;

/** What is known of a request and its response. Bodies' sizes are NaN where they are not known: adding to it changes nothing. */
export class Http2Stream {
  readonly id: number;
  /** Absent while only the response was seen. */
  requestStartNs: bigint | undefined;
  method: string | undefined;
  path: string | undefined;
  query: string | undefined;
  host: string | undefined;
  scheme: "http" | "https" | undefined;
  userAgent: string | undefined;
  traceparent: string | undefined;
  /** CONNECT with :protocol (RFC 8441). */
  isUpgrade = false;
  isGrpc = false;
  requestBytes = 0;
  isRequestEnded = false;

  /** Something of the response was seen, though not an informational one. */
  isAnswered = false;
  status: number | undefined;
  grpcStatus: number | undefined;
  responseBytes = 0;
  isResponseEnded = false;
  responseEndNs: bigint | undefined;

  /** When something became of it that has to be looked after, if nothing else comes. */
  waitsSinceNs: bigint | undefined;

  constructor(id: number) {
    this.id = id;
  }

  /** CONNECT that was granted. */
  get isTunnel(): boolean {
    return this.method === "CONNECT" && this.status !== undefined && this.status >= 200 && this.status < 300;
  }

  setRequest(fields: HeaderFields, startNs: bigint, keepQuery: boolean): void {
    this.requestStartNs = startNs;
    this.method = methodOf(fields.get(KeptHeader.method));
    const target = fields.get(KeptHeader.path);
    if (target !== undefined) {
      const { path, query } = splitTarget(target, keepQuery);
      this.path = path;
      this.query = query;
    }
    const authority = fields.get(KeptHeader.authority) ?? fields.get(KeptHeader.host);
    if (authority !== undefined) this.host = hostText(authority);
    const scheme = fields.get(KeptHeader.scheme);
    if (scheme === "http" || scheme === "https") this.scheme = scheme;
    const userAgent = fields.get(KeptHeader.userAgent);
    if (userAgent !== undefined) this.userAgent = shortened(userAgent);
    const traceparent = fields.get(KeptHeader.traceparent);
    if (traceparent !== undefined) this.traceparent = wellFormedTraceparent(traceparent);
    this.isUpgrade = fields.get(KeptHeader.protocol) !== undefined;
    this.#noteGrpc(fields);
  }

  /** The request came by HTTP/1, and asked for an answer by HTTP/2. */
  setUpgraded(request: HttpExchange): void {
    this.requestStartNs = request.startNs;
    this.method = request.method;
    this.path = request.path;
    this.query = request.query;
    this.host = request.host;
    this.scheme = request.scheme;
    this.userAgent = request.userAgent;
    this.traceparent = request.traceparent;
    this.requestBytes = request.requestBytes ?? Number.NaN;
    this.isRequestEnded = true;
  }

  /** Takes in a block of the response: informational, final, or trailers. */
  addResponse(fields: HeaderFields): void {
    const status = statusOf(fields);
    if (status !== undefined && status < 200) return;
    this.isAnswered = true;
    this.status ??= status;
    const grpcStatus = fields.get(KeptHeader.grpcStatus);
    if (grpcStatus !== undefined && /^\d{1,5}$/.test(grpcStatus)) {
      this.grpcStatus ??= Number(grpcStatus);
      this.isGrpc = true;
    }
    this.#noteGrpc(fields);
  }

  /**
   * @param requestStartNs that of this stream
   * @param endNs when it was over; absent where that is not known
   */
  exchange(
    { side, tls }: HttpConnectionOptions,
    outcome: HttpOutcome,
    requestStartNs: bigint,
    endNs: bigint | undefined,
  ): HttpExchange {
    const isGrpc = this.isGrpc;
    const exchange: { -readonly [Key in keyof HttpExchange]: HttpExchange[Key] } = {
      side,
      protocol: isGrpc ? "grpc" : "h2",
      startNs: requestStartNs,
      outcome,
      tls,
    };
    if (this.method !== undefined) exchange.method = this.method;
    if (this.path !== undefined) exchange.path = this.path;
    if (this.query !== undefined) exchange.query = this.query;
    if (this.host !== undefined) exchange.host = this.host;
    if (this.scheme !== undefined) exchange.scheme = this.scheme;
    if (this.status !== undefined) exchange.status = this.status;
    if (this.grpcStatus !== undefined) exchange.grpcStatus = this.grpcStatus;
    if (isGrpc && this.path !== undefined && GRPC_PATH.test(this.path)) exchange.grpcMethod = this.path.slice(1);
    if (this.requestBytes >= 0) exchange.requestBytes = this.requestBytes;
    if (this.responseBytes >= 0) exchange.responseBytes = this.responseBytes;
    if (this.userAgent !== undefined) exchange.userAgent = this.userAgent;
    if (this.traceparent !== undefined) exchange.traceparent = this.traceparent;
    if (endNs !== undefined) exchange.durationNs = Math.max(0, Number(endNs - requestStartNs));
    return exchange;
  }

  #noteGrpc(fields: HeaderFields): void {
    const contentType = fields.get(KeptHeader.contentType);
    if (contentType !== undefined && GRPC_CONTENT_TYPE.test(contentType)) this.isGrpc = true;
  }
}

/** That of a response's block; absent in trailers, and where it is not known. */
export function statusOf(fields: HeaderFields): number | undefined {
  const status = fields.get(KeptHeader.status);
  return status !== undefined && /^[1-9]\d\d$/.test(status) ? Number(status) : undefined;
}

/** Whether a block has what only a request has. */
export function isRequestBlock(fields: HeaderFields): boolean {
  return (
    fields.get(KeptHeader.method) !== undefined ||
    fields.get(KeptHeader.path) !== undefined ||
    fields.get(KeptHeader.scheme) !== undefined ||
    fields.get(KeptHeader.authority) !== undefined
  );
}

function methodOf(text: string | undefined): string | undefined {
  if (text === undefined || text === "GET" || text === "POST") return text;
  return METHOD.test(text) ? text : undefined;
}

/** A copy, where something was cut off: a slice would keep the whole text in memory. */
function shortened(text: string): string {
  return text.length > MAX_USER_AGENT_CHARS
    ? Buffer.from(text.slice(0, MAX_USER_AGENT_CHARS), "latin1").toString("latin1")
    : text;
}
