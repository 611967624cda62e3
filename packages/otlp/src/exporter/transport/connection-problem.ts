import { messageOf, OtlpError } from "../../errors.ts";

const UNTRUSTED = "give the authority that signed the receiver's certificate: OTEL_EXPORTER_OTLP_CERTIFICATE";

/** What to do about the ways in which connections fail, by the codes of Node.js. */
const HINTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "is a receiver listening there? collectors take HTTP on port 4318, gRPC on 4317",
  ENOTFOUND: "check the host's name",
  EAI_AGAIN: "the name server did not answer",
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  ERR_TLS_CERT_ALTNAME_INVALID: "the receiver's certificate is for another name: use that one in the endpoint",
  CERT_HAS_EXPIRED: "the receiver's certificate has expired",
  EPROTO: "does the receiver speak TLS there? if not, the endpoint begins with http:",
  ERR_HTTP2_ERROR: "does the receiver speak gRPC there? collectors take it on port 4317",
  HPE_INVALID_CONSTANT: "does the receiver speak HTTP/1.1 there? collectors take it on port 4318, gRPC on 4317",
};

/** An error of OpenSSL with its thread, codes, place in the source and a line break; the group is its reason. */
const OPENSSL_ERROR = / [0-9A-F]+:error:[0-9A-F]+:[^:]*:[^:]*:([^:]+):.*$/s;

/** A connection that could not be made, or that broke. */
export function connectionProblem(endpoint: URL, error: unknown): OtlpError {
  const cause = firstOf(error);
  const message = messageOf(cause).replace(OPENSSL_ERROR, ": $1");
  return new OtlpError("connection", `${endpoint.href}: ${message}`, { hint: HINTS[codeOf(cause)], cause });
}

/** No answer within the time of one try. */
export function timeoutProblem(endpoint: URL, timeoutMs: number): OtlpError {
  return new OtlpError("timeout", `${endpoint.href}: no answer within ${timeoutMs} ms`);
}

/**
 * The error that tells the most. A name with several addresses fails with one error for each and no message of its own,
 * and a call of HTTP/2 with one that only says that its connection failed.
 */
function firstOf(error: unknown): unknown {
  if (error instanceof AggregateError) return error.errors[0] ?? error;
  if (codeOf(error) === "ERR_HTTP2_STREAM_CANCEL" && error instanceof Error) return error.cause ?? error;
  return error;
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
