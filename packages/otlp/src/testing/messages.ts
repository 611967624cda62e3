import { create, fromJson, type JsonValue, toBinary } from "@bufbuild/protobuf";
import { published } from "./proto-schema.ts";

/** A message as a receiver would encode it. */
export function encodePublished(name: string, value: JsonValue): Uint8Array {
  const schema = published(name);
  return toBinary(schema, fromJson(schema, value));
}

/** A response that took all but some spans. */
export function partialSuccess(rejectedSpans: number, errorMessage: string): Uint8Array {
  return encodePublished("ExportTraceServiceResponse", {
    partialSuccess: { rejectedSpans: String(rejectedSpans), errorMessage },
  });
}

/** A google.rpc.Status with RetryInfo among its details. */
export function statusWithRetryInfo(message: string, seconds: number, nanos: number): Uint8Array {
  const retryInfo = encodePublished("RetryInfo", { retryDelay: { seconds: String(seconds), nanos } });
  const detail = (typeUrl: string, value: Uint8Array) => ({ typeUrl, value: Buffer.from(value).toString("base64") });
  return encodePublished("RpcStatus", {
    code: 14,
    message,
    details: [
      detail("type.googleapis.com/google.rpc.DebugInfo", toBinary(published("Any"), create(published("Any")))),
      detail("type.googleapis.com/google.rpc.RetryInfo", retryInfo),
    ],
  });
}
