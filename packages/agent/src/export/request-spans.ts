import type { Attributes, ResourceSpans, Scope, Span, SpanStatus } from "@skep/otlp/traces";
import type { TracedProcess } from "@skep/tracers";
import type { DnsQueryEvent } from "@skep/tracers/networking";
import { NO_OLDER_CONVENTIONS, type OlderConventions } from "../metrics/older-request-metrics.ts";
import {
  errorTypeOf,
  grpcStatusName,
  methodOf,
  protocolVersion,
  serverAttributes,
  splitGrpcMethod,
} from "../metrics/request-semantics.ts";
import type { Round, SingleRequest } from "../pipeline/round.ts";
import type { TelemetryResource } from "../resources/telemetry-resource.ts";

type HttpSingleRequest = Exclude<SingleRequest, DnsQueryEvent>;

/** Bits of `Span.flags`: that it is known whether the parent is elsewhere, and that it is. */
const PARENT_IS_REMOTE = 0x300;

export interface RequestSpansOptions {
  /** For tests: so many bytes, which nobody else has, as hexadecimal digits. */
  readonly newId?: (bytes: number) => string;
  /** Which requests have their older attributes, too. Default: none. */
  readonly older?: OlderConventions | undefined;
}

/** Makes single requests into spans. */
export class RequestSpans {
  readonly #newId: (bytes: number) => string;
  readonly #older: OlderConventions;

  constructor(options: RequestSpansOptions = {}) {
    this.#newId = options.newId ?? randomId;
    this.#older = options.older ?? NO_OLDER_CONVENTIONS;
  }

  /** Those of a round, by resource. */
  ofRound(
    { network }: Round,
    resourceOf: (process: TracedProcess) => TelemetryResource,
    scope: Scope,
  ): ResourceSpans[] {
    const spansByResource = new Map<TelemetryResource, Span[]>();
    for (const request of network?.requests ?? []) {
      const resource = resourceOf(request.process);
      const spans = spansByResource.get(resource);
      const span = request.kind === "dns" ? this.#ofQuery(request) : this.#ofRequest(request);
      if (spans === undefined) spansByResource.set(resource, [span]);
      else spans.push(span);
    }
    return Array.from(spansByResource, ([resource, spans]) => ({ resource, scopes: [{ scope, spans }] }));
  }

  #ofRequest(request: HttpSingleRequest): Span {
    const errorType = errorTypeOf(request, request.outcome === "aborted");
    return {
      ...this.#identity(request.traceparent),
      ...timesOf(request),
      name: nameOf(request),
      kind: request.side,
      attributes: {
        ...(request.protocol === "grpc" ? grpcAttributes(request) : httpAttributes(request)),
        ...commonAttributes(request),
        ...this.#olderAttributes(request),
        "error.type": errorType,
      },
      ...statusOf(errorType),
    };
  }

  #olderAttributes(request: HttpSingleRequest): Attributes {
    if (request.protocol === "grpc") return this.#older.rpc ? olderGrpcAttributes(request) : {};
    return this.#older.http ? olderHttpAttributes(request) : {};
  }

  #ofQuery(query: DnsQueryEvent): Span {
    const { side, name, type, rcode, outcome, addresses, transport, attemptCount, peer } = query;
    const hasFailed = outcome === "timedOut" || (rcode !== undefined && rcode !== "NOERROR");
    const errorType = hasFailed ? (rcode ?? "timeout") : undefined;
    return {
      ...this.#identity(undefined),
      ...timesOf(query),
      // Names of hosts are too many for names of spans.
      name: `DNS ${type}`,
      kind: side,
      attributes: {
        "dns.question.name": name,
        "dns.answers": addresses,
        "skep.dns.question.type": type,
        "skep.dns.response_code": rcode,
        "skep.dns.attempts": attemptCount > 1 ? attemptCount : undefined,
        "network.transport": transport,
        "network.peer.address": peer?.address,
        "network.peer.port": peer?.port,
        "error.type": errorType,
      },
      ...statusOf(errorType),
    };
  }

  /** In the trace that the request says it belongs to, below the span that it was sent by; else in one of its own. */
  #identity(
    traceparent: string | undefined,
  ): Pick<Span, "traceId" | "spanId"> & Partial<Pick<Span, "parentSpanId" | "flags">> {
    const spanId = this.#newId(8);
    const [, traceId, parentSpanId, flags = "00"] = traceparent?.split("-") ?? [];
    if (traceId === undefined || parentSpanId === undefined) return { traceId: this.#newId(16), spanId };
    return { traceId, spanId, parentSpanId, flags: PARENT_IS_REMOTE | Number.parseInt(flags, 16) };
  }
}

/** What has no end ends where it began, and says so by `skep.end_not_seen`. */
function timesOf({ timeUnixNs, durationNs = 0 }: SingleRequest): Pick<Span, "startTimeUnixNs" | "endTimeUnixNs"> {
  return { startTimeUnixNs: timeUnixNs, endTimeUnixNs: timeUnixNs + BigInt(Math.round(durationNs)) };
}

function statusOf(errorType: string | undefined): { readonly status?: SpanStatus } {
  return errorType === undefined ? {} : { status: { code: "error" } };
}

/** Never the path as it is: there would be a name for each user. */
function nameOf({ protocol, method, route, grpcMethod }: HttpSingleRequest): string {
  if (protocol === "grpc") return grpcMethod ?? "grpc";
  const known = methodOf(method);
  const name = known === undefined || known === "_OTHER" ? "HTTP" : known;
  return route === undefined ? name : `${name} ${route}`;
}

function httpAttributes(request: HttpSingleRequest): Attributes {
  const { side, method, path, query, route, status, userAgent } = request;
  const scheme = request.scheme ?? (request.tls ? "https" : "http");
  const known = methodOf(method);
  return {
    "http.request.method": known,
    "http.request.method_original": known === "_OTHER" ? method : undefined,
    ...(side === "server"
      ? { "url.path": path, "url.query": query, "url.scheme": scheme, "http.route": route }
      : { "url.full": fullUrl(request, scheme) }),
    "http.response.status_code": status,
    "user_agent.original": userAgent,
  };
}

/** Undefined where a part of it is not known. */
function fullUrl({ host, path, query }: HttpSingleRequest, scheme: string): string | undefined {
  if (host === undefined || path === undefined) return undefined;
  return `${scheme}://${host}${path}${query === undefined ? "" : `?${query}`}`;
}

/** Those of version 1.20. */
function olderHttpAttributes(request: HttpSingleRequest): Attributes {
  const { side, method, path, query, status, protocol, peer, requestBytes, responseBytes } = request;
  const scheme = request.scheme ?? (request.tls ? "https" : "http");
  const { "server.address": address, "server.port": port } = serverAttributes(request);
  const target = path === undefined ? undefined : `${path}${query === undefined ? "" : `?${query}`}`;
  return {
    "http.method": method,
    "http.status_code": status,
    "http.request_content_length": requestBytes,
    "http.response_content_length": responseBytes,
    "net.protocol.version": protocolVersion(protocol),
    "net.sock.peer.addr": peer?.address,
    "net.sock.peer.port": peer?.port,
    ...(side === "server"
      ? { "http.scheme": scheme, "http.target": target, "net.host.name": address, "net.host.port": port }
      : { "http.url": fullUrl(request, scheme), "net.peer.name": address, "net.peer.port": port }),
  };
}

/** Those of version 1.37, but for `rpc.method`: its name stayed, and its meaning is the current one. */
function olderGrpcAttributes({ grpcMethod, grpcStatus }: HttpSingleRequest): Attributes {
  return {
    "rpc.system": "grpc",
    "rpc.service": splitGrpcMethod(grpcMethod).service,
    "rpc.grpc.status_code": grpcStatus,
  };
}

function grpcAttributes({ grpcMethod, grpcStatus, status }: HttpSingleRequest): Attributes {
  return {
    "rpc.system.name": "grpc",
    "rpc.method": grpcMethod,
    "rpc.status_code": grpcStatus === undefined ? undefined : grpcStatusName(grpcStatus),
    // Who answers with something else is no gRPC server.
    "http.response.status_code": status === 200 ? undefined : status,
  };
}

function commonAttributes(request: HttpSingleRequest): Attributes {
  const { side, protocol, peer, requestBytes, responseBytes, durationNs } = request;
  return {
    ...serverAttributes(request),
    "client.address": side === "server" ? peer?.address : undefined,
    "network.peer.address": peer?.address,
    "network.peer.port": peer?.port,
    "network.protocol.version": protocolVersion(protocol),
    "http.request.body.size": requestBytes,
    "http.response.body.size": responseBytes,
    "skep.end_not_seen": durationNs === undefined ? true : undefined,
  };
}

/** Loaded with the first span: most agents send none. */
function randomId(bytes: number): string {
  return process.getBuiltinModule("node:crypto").randomBytes(bytes).toString("hex");
}
