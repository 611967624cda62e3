import assert from "node:assert/strict";
import { fromBinary, fromJson, type JsonValue, type Message, toJson } from "@bufbuild/protobuf";
import { published } from "./proto-schema.ts";

/** Fields that OTLP/JSON writes in hex where protobuf's JSON mapping has base64. */
const HEX_FIELDS = new Set(["traceId", "spanId", "parentSpanId"]);

/** What a message says, in protobuf's JSON mapping; fields that the published schema lacks are an error. */
export function decodeProtobuf(name: string, bytes: Uint8Array): JsonValue {
  const schema = published(name);
  const message = fromBinary(schema, bytes);
  assertNothingUnknown(message);
  return toJson(schema, message);
}

/** The same of a message in OTLP/JSON. */
export function decodeJson(name: string, bytes: Uint8Array): JsonValue {
  const schema = published(name);
  const json: JsonValue = JSON.parse(Buffer.from(bytes).toString(), (key, value) =>
    HEX_FIELDS.has(key) ? hexToBase64(value) : value,
  );
  return toJson(schema, fromJson(schema, json, { ignoreUnknownFields: false }));
}

/** The names of the spans in a request that was received. */
export function namesIn(body: Uint8Array, encoding: "protobuf" | "json" = "protobuf"): string[] {
  const decode = encoding === "json" ? decodeJson : decodeProtobuf;
  const request = decode("ExportTraceServiceRequest", body) as unknown as DecodedRequest;
  return request.resourceSpans.flatMap(({ scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) => spans.map(({ name }) => name)),
  );
}

interface DecodedRequest {
  readonly resourceSpans: readonly {
    readonly scopeSpans: readonly { readonly spans: readonly { name: string }[] }[];
  }[];
}

function hexToBase64(value: unknown): string {
  assert.ok(typeof value === "string" && /^([0-9a-f]{2})*$/.test(value), `${value} is hex`);
  return Buffer.from(value, "hex").toString("base64");
}

function assertNothingUnknown(value: unknown): void {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return;
  assert.deepEqual((value as Partial<Message>).$unknown ?? [], []);
  for (const member of Object.values(value)) assertNothingUnknown(member);
}
