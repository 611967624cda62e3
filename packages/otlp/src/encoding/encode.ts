import { gzipSync } from "node:zlib";
import { JsonSink } from "./json-sink.ts";
import type { Describe } from "./message-sink.ts";
import { ProtobufSink } from "./protobuf-sink.ts";

/** OTLP's two encodings. */
export type Encoding = "protobuf" | "json";

/** What a message shrinks by on its way; `gzip` is the only one that OTLP names. */
export type Compression = "gzip" | "none";

/** The bytes of a message. */
export function encodeMessage<Value>(
  describe: Describe<Value>,
  value: Value,
  encoding: Encoding,
  compression: Compression = "none",
): Uint8Array {
  if (encoding === "json") {
    const sink = new JsonSink();
    describe(sink, value);
    return compression === "gzip" ? gzipSync(sink.text) : Buffer.from(sink.text);
  }
  const sink = new ProtobufSink();
  describe(sink, value);
  return compression === "gzip" ? gzipSync(sink.written) : new Uint8Array(sink.written);
}
