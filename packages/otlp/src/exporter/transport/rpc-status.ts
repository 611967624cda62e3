import { protobufFields, signedIntegerOf, stringOf } from "../../protobuf/reader.ts";

/** What a google.rpc.Status says that matters here. */
export interface RpcStatus {
  readonly message: string;
  /** From google.rpc.RetryInfo among the details. */
  readonly retryDelayMs: number | undefined;
}

const RETRY_INFO = "type.googleapis.com/google.rpc.RetryInfo";

/**
 * Reads a google.rpc.Status {code = 1, message = 2, details = 3}.
 *
 * @throws OtlpError of code `response` when it is none.
 */
export function readRpcStatus(bytes: Uint8Array): RpcStatus {
  let message = "";
  let retryDelayMs: number | undefined;
  for (const { number, value } of protobufFields(bytes)) {
    if (number === 2) message = stringOf(value);
    if (number === 3 && typeof value !== "bigint") retryDelayMs = readRetryInfo(value) ?? retryDelayMs;
  }
  return { message, retryDelayMs };
}

/** google.protobuf.Any {type_url = 1, value = 2} */
function readRetryInfo(any: Uint8Array): number | undefined {
  let type = "";
  let content: Uint8Array = new Uint8Array();
  for (const { number, value } of protobufFields(any)) {
    if (number === 1) type = stringOf(value);
    if (number === 2 && typeof value !== "bigint") content = value;
  }
  if (type !== RETRY_INFO) return undefined;
  // RetryInfo {retry_delay = 1}; without it, it says "retry" and not when.
  let delayMs = 0;
  for (const { number, value } of protobufFields(content)) {
    if (number === 1 && typeof value !== "bigint") delayMs = readDurationMs(value);
  }
  return delayMs;
}

/** google.protobuf.Duration {seconds = 1, nanos = 2} */
function readDurationMs(duration: Uint8Array): number {
  let durationMs = 0;
  for (const { number, value } of protobufFields(duration)) {
    if (number === 1) durationMs += Number(signedIntegerOf(value)) * 1_000;
    if (number === 2) durationMs += Number(signedIntegerOf(value)) / 1_000_000;
  }
  return Math.max(0, durationMs);
}
