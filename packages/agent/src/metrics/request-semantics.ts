/** What OpenTelemetry's semantic conventions say of requests, for spans and metrics alike. */

import type { Endpoint, HttpProtocol, HttpSide } from "@skep/tracers/networking";

/** What a request has, or requests that are alike have. */
export interface RequestFacts {
  readonly side: HttpSide;
  readonly protocol: HttpProtocol;
  readonly method?: string;
  readonly status?: number;
  readonly grpcStatus?: number;
  readonly host?: string;
  readonly peer?: Endpoint;
  readonly local?: Endpoint;
}

/** Those of RFC 9110, PATCH and QUERY; names of methods have cases. */
const METHODS: ReadonlySet<string> = new Set([
  "CONNECT",
  "DELETE",
  "GET",
  "HEAD",
  "OPTIONS",
  "PATCH",
  "POST",
  "PUT",
  "QUERY",
  "TRACE",
]);

/** `http.request.method`: undefined where it is not known, which is something else than one that nobody knows. */
export function methodOf(method: string | undefined): string | undefined {
  return method === undefined || METHODS.has(method) ? method : "_OTHER";
}

/** By number: https://github.com/grpc/grpc/blob/master/doc/statuscodes.md */
const GRPC_STATUSES = [
  "OK",
  "CANCELLED",
  "UNKNOWN",
  "INVALID_ARGUMENT",
  "DEADLINE_EXCEEDED",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
  "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION",
  "ABORTED",
  "OUT_OF_RANGE",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
  "UNAUTHENTICATED",
] as const;

/** Those that are the server's failure; all others but OK are the client's alone. */
const SERVER_FAILURES: ReadonlySet<string> = new Set([
  "UNKNOWN",
  "DEADLINE_EXCEEDED",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
]);

/** `rpc.status_code` */
export function grpcStatusName(status: number): string {
  return GRPC_STATUSES[status] ?? String(status);
}

/** `package.Service/Method` in its two parts, as the older conventions have it. */
export function splitGrpcMethod(method: string | undefined): { readonly service?: string; readonly method?: string } {
  const slash = method?.lastIndexOf("/") ?? -1;
  if (method === undefined) return {};
  return slash < 0 ? { method } : { service: method.slice(0, slash), method: method.slice(slash + 1) };
}

/** `error.type` of what failed: a status of HTTP or gRPC, or `aborted`. */
export function errorTypeOf(
  { side, status, grpcStatus }: Pick<RequestFacts, "side" | "status" | "grpcStatus">,
  isAborted: boolean,
): string | undefined {
  if (status !== undefined && status >= (side === "server" ? 500 : 400)) return String(status);
  if (grpcStatus !== undefined && grpcStatus !== 0) {
    const name = grpcStatusName(grpcStatus);
    if (side === "client" || SERVER_FAILURES.has(name)) return name;
  }
  return isAborted ? "aborted" : undefined;
}

/** `network.protocol.version` */
export function protocolVersion(protocol: HttpProtocol): string {
  return protocol === "http/1.0" ? "1.0" : protocol === "http/1.1" ? "1.1" : "2";
}

/** `server.address` and `server.port`: by the request's own words, or whom the connection is to. */
export function serverAttributes({ side, host, peer, local }: RequestFacts): {
  readonly "server.address"?: string;
  readonly "server.port"?: number;
} {
  const end = side === "client" ? peer : local;
  const { name, port } = splitHost(host);
  const address = name ?? end?.address;
  const serverPort = port ?? end?.port;
  return {
    ...(address !== undefined && { "server.address": address }),
    ...(serverPort !== undefined && { "server.port": serverPort }),
  };
}

/** `api.test:8080`, `[::1]:8080`, `::1` or without a port. */
function splitHost(host: string | undefined): { readonly name?: string; readonly port?: number } {
  const [, name = "", port] = /^(\[[^\]]*\]|[^:]*)(?::(\d{1,5}))?$/.exec(host ?? "") ?? [];
  const bare = name.replace(/^\[|\]$/g, "");
  if (bare === "") return {};
  return { name: bare, ...(port !== undefined && { port: Number(port) }) };
}
