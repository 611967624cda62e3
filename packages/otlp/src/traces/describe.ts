import type { MessageSink } from "../encoding/message-sink.ts";
import { describeAttributes } from "../model/attributes.ts";
import { describeResource, describeScope } from "../model/resource.ts";
import type { ResourceSpans, ScopeSpans, Span, SpanEvent, SpanKind, SpanLink, SpanStatus } from "./span.ts";

/** opentelemetry.proto.trace.v1.Span.SpanKind; 0 is "unspecified". */
const SPAN_KINDS: Readonly<Record<SpanKind, number>> = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 };
/** opentelemetry.proto.trace.v1.Status.StatusCode */
const STATUS_CODES: Readonly<Record<SpanStatus["code"], number>> = { unset: 0, ok: 1, error: 2 };

/** opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest */
export function describeTraces(sink: MessageSink, resources: readonly ResourceSpans[]): void {
  sink.messages(1, "resourceSpans", resources, describeResourceSpans);
}

function describeResourceSpans(sink: MessageSink, { resource, scopes }: ResourceSpans): void {
  sink.message(1, "resource", resource, describeResource);
  sink.messages(2, "scopeSpans", scopes, describeScopeSpans);
  sink.string(3, "schemaUrl", resource.schemaUrl);
}

function describeScopeSpans(sink: MessageSink, { scope, spans }: ScopeSpans): void {
  sink.message(1, "scope", scope, describeScope);
  sink.messages(2, "spans", spans, describeSpan);
  sink.string(3, "schemaUrl", scope.schemaUrl);
}

function describeSpan(sink: MessageSink, span: Span): void {
  sink.id(1, "traceId", span.traceId, 16);
  sink.id(2, "spanId", span.spanId, 8);
  sink.string(3, "traceState", span.traceState);
  sink.id(4, "parentSpanId", span.parentSpanId, 8);
  sink.string(5, "name", span.name);
  sink.int32(6, "kind", SPAN_KINDS[span.kind]);
  sink.fixed64(7, "startTimeUnixNano", span.startTimeUnixNs);
  sink.fixed64(8, "endTimeUnixNano", span.endTimeUnixNs);
  describeAttributes(sink, 9, "attributes", span.attributes);
  sink.uint32(10, "droppedAttributesCount", span.droppedAttributesCount);
  sink.messages(11, "events", span.events, describeEvent);
  sink.uint32(12, "droppedEventsCount", span.droppedEventsCount);
  sink.messages(13, "links", span.links, describeLink);
  sink.uint32(14, "droppedLinksCount", span.droppedLinksCount);
  sink.message(15, "status", span.status, describeStatus);
  sink.fixed32(16, "flags", span.flags);
}

function describeEvent(sink: MessageSink, event: SpanEvent): void {
  sink.fixed64(1, "timeUnixNano", event.timeUnixNs);
  sink.string(2, "name", event.name);
  describeAttributes(sink, 3, "attributes", event.attributes);
  sink.uint32(4, "droppedAttributesCount", event.droppedAttributesCount);
}

function describeLink(sink: MessageSink, link: SpanLink): void {
  sink.id(1, "traceId", link.traceId, 16);
  sink.id(2, "spanId", link.spanId, 8);
  sink.string(3, "traceState", link.traceState);
  describeAttributes(sink, 4, "attributes", link.attributes);
  sink.uint32(5, "droppedAttributesCount", link.droppedAttributesCount);
  sink.fixed32(6, "flags", link.flags);
}

function describeStatus(sink: MessageSink, status: SpanStatus): void {
  sink.string(2, "message", status.message);
  sink.int32(3, "code", STATUS_CODES[status.code]);
}
