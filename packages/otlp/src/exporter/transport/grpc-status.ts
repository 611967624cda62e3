/** The status codes of gRPC by number (github.com/grpc/grpc, doc/statuscodes.md). */
const NAMES = [
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

export type GrpcStatus = (typeof NAMES)[number];

/** The codes that OTLP/gRPC says to retry (opentelemetry.io/docs/specs/otlp, "Failures"). */
const RETRYABLE: ReadonlySet<GrpcStatus> = new Set([
  "CANCELLED",
  "DEADLINE_EXCEEDED",
  "ABORTED",
  "OUT_OF_RANGE",
  "UNAVAILABLE",
  "DATA_LOSS",
]);

/** From the value of `grpc-status`; a code that is not known means "unknown". */
export function grpcStatusOf(code: string): GrpcStatus {
  return (/^\d+$/.test(code) ? NAMES[Number(code)] : undefined) ?? "UNKNOWN";
}

/** What the status of HTTP means where there is none of gRPC (doc/http-grpc-status-mapping.md). */
export function grpcStatusOfHttp(status: number): GrpcStatus {
  switch (status) {
    case 400:
      return "INTERNAL";
    case 401:
      return "UNAUTHENTICATED";
    case 403:
      return "PERMISSION_DENIED";
    case 404:
      return "UNIMPLEMENTED";
    case 429:
    case 502:
    case 503:
    case 504:
      return "UNAVAILABLE";
    default:
      return "UNKNOWN";
  }
}

/** RESOURCE_EXHAUSTED may mean "never"; only with RetryInfo does it mean "later". */
export function isRetryable(status: GrpcStatus, hasRetryInfo: boolean): boolean {
  return RETRYABLE.has(status) || (status === "RESOURCE_EXHAUSTED" && hasRetryInfo);
}
