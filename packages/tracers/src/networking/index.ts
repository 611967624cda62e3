export { type Endpoint, endpointText } from "./addresses.ts";
export * from "./connections/index.ts";
export type { DnsExchange } from "./dns/dns-exchanges.ts";
export { HTTP_LOSSES, type HttpLoss, type HttpTrouble } from "./http/http-counts.ts";
export type { HttpExchange, HttpOutcome, HttpProtocol, HttpSide } from "./http/http-request.ts";
export { OTHER_ROUTES, type RouteLimits, RouteTemplates } from "./http/route.ts";
export { LATENCY_SCALE, type Latency, latencyQuantile } from "./latency-histogram.ts";
export { MergedEvents } from "./merged-events.ts";
export type {
  NetworkEvent,
  NetworkEventCounts,
  NetworkEventKind,
  NetworkLosses,
  NetworkPart,
  NetworkReport,
  NetworkTracerOptions,
} from "./network-report.ts";
export { NetworkTracer } from "./network-tracer.ts";
export * from "./packets/index.ts";
export type {
  DnsQueryEvent,
  DnsStatistics,
  HttpRequestEvent,
  RequestEvent,
  RequestIncompleteReason,
  RequestLossReason,
  RequestOrigin,
  RequestReport,
  RequestStatistics,
} from "./request-report.ts";
export { RequestTracer } from "./request-tracer.ts";
export type { RequestTracerLimits, RequestTracerOptions } from "./request-tracer-options.ts";
export type { TlsLibraryName } from "./tls/tls-functions.ts";
export type { TlsFile, TlsFileState, TlsOptions, TlsReport } from "./tls/tls-report.ts";
export type { UdpFlow, UdpTotals } from "./udp-flows.ts";
