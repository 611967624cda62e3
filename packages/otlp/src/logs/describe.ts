import type { MessageSink } from "../encoding/message-sink.ts";
import { describeAnyValue, describeAttributes } from "../model/attributes.ts";
import { describeResource, describeScope } from "../model/resource.ts";
import type { LogRecord, ResourceLogs, ScopeLogs } from "./log-record.ts";

/** opentelemetry.proto.collector.logs.v1.ExportLogsServiceRequest */
export function describeLogs(sink: MessageSink, resources: readonly ResourceLogs[]): void {
  sink.messages(1, "resourceLogs", resources, describeResourceLogs);
}

function describeResourceLogs(sink: MessageSink, { resource, scopes }: ResourceLogs): void {
  sink.message(1, "resource", resource, describeResource);
  sink.messages(2, "scopeLogs", scopes, describeScopeLogs);
  sink.string(3, "schemaUrl", resource.schemaUrl);
}

function describeScopeLogs(sink: MessageSink, { scope, records }: ScopeLogs): void {
  sink.message(1, "scope", scope, describeScope);
  sink.messages(2, "logRecords", records, describeLogRecord);
  sink.string(3, "schemaUrl", scope.schemaUrl);
}

function describeLogRecord(sink: MessageSink, record: LogRecord): void {
  sink.fixed64(1, "timeUnixNano", record.timeUnixNs);
  sink.int32(2, "severityNumber", record.severityNumber);
  sink.string(3, "severityText", record.severityText);
  sink.message(5, "body", record.body, describeAnyValue);
  describeAttributes(sink, 6, "attributes", record.attributes);
  sink.uint32(7, "droppedAttributesCount", record.droppedAttributesCount);
  sink.fixed32(8, "flags", record.flags);
  sink.id(9, "traceId", record.traceId, 16);
  sink.id(10, "spanId", record.spanId, 8);
  sink.fixed64(11, "observedTimeUnixNano", record.observedTimeUnixNs);
  sink.string(12, "eventName", record.eventName);
}
