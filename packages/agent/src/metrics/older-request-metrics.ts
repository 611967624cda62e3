/** Requests by the names that the semantic conventions had before, for whoever asks for them besides the current ones. */

import type { RequestStatistics } from "@skep/tracers/networking";
import type { TelemetryResource } from "../resources/telemetry-resource.ts";
import type { MetricDefinition } from "./metric-definition.ts";
import type { MetricRegistry } from "./metric-registry.ts";
import { methodOf, protocolVersion, serverAttributes, splitGrpcMethod } from "./request-semantics.ts";

/**
 * Which domains are told by both their older and their current conventions. The current ones are always told: `http` and
 * `rpc` in OTEL_SEMCONV_STABILITY_OPT_IN ask for what is so anyway, `http/dup` and `rpc/dup` for both.
 */
export interface OlderConventions {
  /** Those of version 1.20. */
  readonly http: boolean;
  /** Those of version 1.37. */
  readonly rpc: boolean;
}

export const NO_OLDER_CONVENTIONS: OlderConventions = { http: false, rpc: false };

/** @param optIns members of OTEL_SEMCONV_STABILITY_OPT_IN; those of other domains are none of ours */
export function olderConventions(optIns: ReadonlySet<string>): OlderConventions {
  return { http: optIns.has("http/dup"), rpc: optIns.has("rpc/dup") };
}

const HTTP_ATTRIBUTES = ["http.method", "http.status_code", "net.protocol.version"] as const;
const RPC_ATTRIBUTES = ["rpc.system", "rpc.service", "rpc.method", "rpc.grpc.status_code"] as const;

const OLDER_HTTP_SERVER_DURATION: MetricDefinition = {
  name: "http.server.duration",
  kind: "histogram",
  unit: "ms",
  description: "With `http/dup`: requests that were served.",
  attributes: [...HTTP_ATTRIBUTES, "http.scheme", "http.route"],
  of: "program",
  convention: "older",
};

const OLDER_HTTP_CLIENT_DURATION: MetricDefinition = {
  name: "http.client.duration",
  kind: "histogram",
  unit: "ms",
  description: "With `http/dup`: requests that were sent.",
  attributes: [...HTTP_ATTRIBUTES, "net.peer.name", "net.peer.port"],
  of: "program",
  convention: "older",
};

const OLDER_RPC_SERVER_DURATION: MetricDefinition = {
  name: "rpc.server.duration",
  kind: "histogram",
  unit: "ms",
  description: "With `rpc/dup`: calls of gRPC that were served.",
  attributes: RPC_ATTRIBUTES,
  of: "program",
  convention: "older",
};

const OLDER_RPC_CLIENT_DURATION: MetricDefinition = {
  name: "rpc.client.duration",
  kind: "histogram",
  unit: "ms",
  description: "With `rpc/dup`: calls of gRPC that were made.",
  attributes: [...RPC_ATTRIBUTES, "server.address", "server.port"],
  of: "program",
  convention: "older",
};

export const OLDER_REQUEST_METRICS: readonly MetricDefinition[] = [
  OLDER_HTTP_SERVER_DURATION,
  OLDER_HTTP_CLIENT_DURATION,
  OLDER_RPC_SERVER_DURATION,
  OLDER_RPC_CLIENT_DURATION,
];

export function recordOlderRequest(
  registry: MetricRegistry,
  row: RequestStatistics,
  resource: TelemetryResource,
  older: OlderConventions,
): void {
  const { latency, protocol, side } = row;
  const isGrpc = protocol === "grpc";
  if (latency === undefined || !(isGrpc ? older.rpc : older.http)) return;
  const [server, client] = isGrpc
    ? [OLDER_RPC_SERVER_DURATION, OLDER_RPC_CLIENT_DURATION]
    : [OLDER_HTTP_SERVER_DURATION, OLDER_HTTP_CLIENT_DURATION];
  const attributes = isGrpc ? rpcAttributes(row) : httpAttributes(row);
  registry.duration(side === "server" ? server : client).add(resource, latency, attributes);
}

function httpAttributes(row: RequestStatistics): Record<string, string | number> {
  const { side, status, tls, route, protocol } = row;
  const method = methodOf(row.method);
  const { "server.address": address, "server.port": port } = serverAttributes(row);
  return {
    ...(method !== undefined && { "http.method": method }),
    ...(status !== undefined && { "http.status_code": status }),
    "net.protocol.version": protocolVersion(protocol),
    ...(side === "server"
      ? { "http.scheme": tls ? "https" : "http", ...(route !== undefined && { "http.route": route }) }
      : {
          ...(address !== undefined && { "net.peer.name": address }),
          ...(port !== undefined && { "net.peer.port": port }),
        }),
  };
}

function rpcAttributes(row: RequestStatistics): Record<string, string | number> {
  const { side, route, grpcStatus } = row;
  const { service, method } = splitGrpcMethod(route);
  return {
    "rpc.system": "grpc",
    ...(service !== undefined && { "rpc.service": service }),
    ...(method !== undefined && { "rpc.method": method }),
    ...(grpcStatus !== undefined && { "rpc.grpc.status_code": grpcStatus }),
    ...(side === "client" && serverAttributes(row)),
  };
}
