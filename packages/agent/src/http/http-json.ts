import { endpointText, type HttpRequestEvent, latencyQuantile, type RequestStatistics } from "@skep/tracers/networking";
import type { EventCounts } from "../network/event-counts.ts";
import { printableJson } from "../output/text.ts";
import type { HttpReport } from "./http-report.ts";

/**
 * A request as one JSON object on one line. What is not known is absent. `startUnixNs` is a text: few readers keep so large a
 * number whole.
 */
export function encodeHttpRequest(event: HttpRequestEvent): string {
  const { kind, side, protocol, method, path, query, status, requestBytes, responseBytes, durationNs } = event;
  const { process, local, peer, tls, traceparent, host, grpcMethod, grpcStatus, outcome, timeUnixNs } = event;
  return `${printableJson({
    kind,
    side,
    protocol,
    method,
    path,
    query,
    status,
    requestBytes,
    responseBytes,
    startUnixNs: String(timeUnixNs),
    durationNs,
    pid: process.pid,
    process: process.name,
    local: local && endpointText(local),
    peer: peer && endpointText(peer),
    tls,
    traceId: traceparent?.split("-")[1],
    host,
    grpcMethod,
    grpcStatus,
    outcome,
    containerId: process.containerId,
  })}\n`;
}

/** What ends the stream, as one JSON object on one line: the sum of seen = the sum of delivered + the sum of lost. */
export function encodeHttpSummary(
  { durationNs, requests, unattributedRequests, incomplete, tls }: HttpReport,
  { seen, delivered, lost }: EventCounts,
): string {
  return `${printableJson({
    kind: "summary",
    durationNs,
    seen,
    delivered,
    lost,
    incomplete,
    unattributedRequests,
    tls,
    requests: requests.map(encodeStatistics),
  })}\n`;
}

function encodeStatistics({ process, latency, ...statistics }: RequestStatistics): object {
  if (latency === undefined) return { ...process, ...statistics };
  const quantile = (share: number) => Math.round(latencyQuantile(latency, share));
  const { count: timed, sumNs, minNs, maxNs } = latency;
  const durations = { timed, sumNs, minNs, p50Ns: quantile(0.5), p90Ns: quantile(0.9), p99Ns: quantile(0.99), maxNs };
  return { ...process, ...statistics, ...durations };
}
