import { type Encoding, encodeMessage } from "../encoding/encode.ts";
import type { Signal } from "../model/signal.ts";
import { describeTraces } from "./describe.ts";
import type { ResourceSpans } from "./span.ts";

export type { Encoding } from "../encoding/encode.ts";
export { type AnyValue, type Attributes, DoubleValue } from "../model/attributes.ts";
export type { Resource, Scope } from "../model/resource.ts";
export type { Signal } from "../model/signal.ts";
export type { ResourceSpans, ScopeSpans, Span, SpanEvent, SpanKind, SpanLink, SpanStatus } from "./span.ts";

/** The signal of spans. */
export const traces: Signal<readonly ResourceSpans[]> = {
  name: "traces",
  httpPath: "v1/traces",
  grpcPath: "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
  itemName: "spans",
  describe: describeTraces,
  itemCount: (resources) => {
    let count = 0;
    for (const { scopes } of resources) for (const { spans } of scopes) count += spans.length;
    return count;
  },
};

/**
 * The body of an export request: `ExportTraceServiceRequest`.
 *
 * @throws OtlpError of code `invalid-data` for an id or a number that OTLP cannot say.
 */
export function encodeTraces(resources: readonly ResourceSpans[], encoding: Encoding = "protobuf"): Uint8Array {
  return encodeMessage(describeTraces, resources, encoding);
}
