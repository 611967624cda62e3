import type { MessageSink } from "../encoding/message-sink.ts";
import { describeAnyValue } from "../model/attributes.ts";
import type { AttributeEntry, ProfilesDictionary } from "./dictionary.ts";
import type { SpanReference } from "./profile.ts";
import { mappingFileName, type ProfileTables } from "./tables.ts";

/** What a link to no span has for ids, at index 0. */
const NO_SPAN: SpanReference = { traceId: "0".repeat(32), spanId: "0".repeat(16) };

/**
 * opentelemetry.proto.profiles.v1development.ProfilesDictionary; every table begins with an empty entry, and holds
 * each entry once.
 */
export function describeDictionary(sink: MessageSink, dictionary: ProfilesDictionary): void {
  const { tables } = dictionary;
  describeMappings(sink, dictionary);
  describeLocations(sink, dictionary);
  describeFunctions(sink, tables);
  sink.messages(4, "linkTable", [NO_SPAN, ...dictionary.links], describeLink);
  describeEmptyEntry(sink, 7, "stackTable");
  sink.messages(7, "stackTable", dictionary.stacks, describeStack);
  // Last, because all of the above adds to them.
  describeEmptyEntry(sink, 6, "attributeTable");
  sink.messages(6, "attributeTable", dictionary.attributes, describeAttribute);
  sink.strings(5, "stringTable", tables.strings);
}

function describeEmptyEntry(sink: MessageSink, field: number, name: string): void {
  sink.beginElement(field, name);
  sink.end();
}

function describeMappings(sink: MessageSink, dictionary: ProfilesDictionary): void {
  describeEmptyEntry(sink, 1, "mappingTable");
  for (const { mapping } of dictionary.tables.mappings) {
    sink.beginElement(1, "mappingTable");
    sink.uint64(1, "memoryStart", mapping.startAddress);
    sink.uint64(2, "memoryLimit", mapping.limitAddress);
    sink.uint64(3, "fileOffset", mapping.fileOffset);
    sink.int32(4, "filenameStrindex", dictionary.tables.string(mappingFileName(mapping)));
    if (mapping.buildId !== undefined) {
      sink.int32s(5, "attributeIndices", [
        dictionary.attributeIndex("process.executable.build_id.gnu", mapping.buildId),
      ]);
    }
    sink.end();
  }
}

function describeLocations(sink: MessageSink, dictionary: ProfilesDictionary): void {
  describeEmptyEntry(sink, 2, "locationTable");
  for (const { mappingId, address, functionId, line, frameType } of dictionary.tables.locations) {
    sink.beginElement(2, "locationTable");
    sink.int32(1, "mappingIndex", mappingId);
    sink.uint64(2, "address", address);
    sink.beginElement(3, "lines");
    sink.int32(1, "functionIndex", functionId);
    sink.int64(2, "line", line);
    sink.end();
    if (frameType !== undefined) {
      sink.int32s(4, "attributeIndices", [dictionary.attributeIndex("profile.frame.type", frameType)]);
    }
    sink.end();
  }
}

function describeFunctions(sink: MessageSink, tables: ProfileTables): void {
  describeEmptyEntry(sink, 3, "functionTable");
  for (const { name, systemName, file } of tables.functions) {
    sink.beginElement(3, "functionTable");
    sink.int32(1, "nameStrindex", tables.string(name));
    sink.int32(2, "systemNameStrindex", tables.string(systemName));
    if (file !== undefined) sink.int32(3, "filenameStrindex", tables.string(file));
    sink.end();
  }
}

function describeLink(sink: MessageSink, { traceId, spanId }: SpanReference): void {
  sink.id(1, "traceId", traceId, 16);
  sink.id(2, "spanId", spanId, 8);
}

function describeStack(sink: MessageSink, locationIndices: readonly number[]): void {
  sink.int32s(1, "locationIndices", locationIndices);
}

function describeAttribute(sink: MessageSink, { keyIndex, value }: AttributeEntry): void {
  sink.int32(1, "keyStrindex", keyIndex);
  sink.message(2, "value", value, describeAnyValue);
}
