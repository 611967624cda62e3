import { gzipSync } from "node:zlib";
import type { Profile, ProfileSample, ValueType } from "../profiles/profile.ts";
import { type MappingEntry, mappingFileName, ProfileTables } from "../profiles/tables.ts";
import { ProtobufWriter } from "../protobuf/writer.ts";

/** Field numbers of perftools.profiles, github.com/google/pprof/blob/main/proto/profile.proto. */
const PROFILE = {
  sampleType: 1,
  sample: 2,
  mapping: 3,
  location: 4,
  function: 5,
  stringTable: 6,
  timeNanos: 9,
  durationNanos: 10,
  periodType: 11,
  period: 12,
  comment: 13,
  defaultSampleType: 14,
} as const;
const VALUE_TYPE = { type: 1, unit: 2 } as const;
const SAMPLE = { locationId: 1, value: 2, label: 3 } as const;
const LABEL = { key: 1, str: 2, num: 3 } as const;
const MAPPING = {
  id: 1,
  memoryStart: 2,
  memoryLimit: 3,
  fileOffset: 4,
  filename: 5,
  buildId: 6,
  hasFunctions: 7,
  hasFilenames: 8,
  hasLineNumbers: 9,
} as const;
const LOCATION = { id: 1, mappingId: 2, address: 3, line: 4 } as const;
const LINE = { functionId: 1, line: 2 } as const;
const FUNCTION = { id: 1, name: 2, systemName: 3, filename: 4 } as const;

/**
 * Encodes a profile as pprof's `profile.proto`, gzipped: the content of a `.pb.gz` file.
 *
 * Samples carry the labels `pid`, `tid` (numbers), `process`, `thread` and, in a container, `container` (strings).
 * The first mapping is the executable of the process with the largest first value, which viewers take for the
 * main binary.
 *
 * @throws RangeError if a sample does not have one value for each sample type.
 */
export function encodePprof(profile: Profile): Uint8Array {
  const writer = new ProtobufWriter();
  const tables = new ProfileTables();

  for (const valueType of profile.sampleTypes) writeValueType(writer, PROFILE.sampleType, valueType, tables);
  for (const sample of profile.samples) {
    if (sample.values.length !== profile.sampleTypes.length) {
      throw new RangeError(
        `a sample has ${sample.values.length} values for ${profile.sampleTypes.length} sample types`,
      );
    }
    writeSample(writer, sample, tables);
  }
  writeMappings(writer, tables.mappingsFrom(mainExecutablePath(profile.samples)), tables);
  writeLocations(writer, tables);
  writeFunctions(writer, tables);
  writer.varint(PROFILE.timeNanos, profile.timeUnixNs);
  writer.varint(PROFILE.durationNanos, Math.round(profile.durationNs));
  writeValueType(writer, PROFILE.periodType, profile.periodType, tables);
  writer.varint(PROFILE.period, Math.round(profile.period));
  if (profile.comments !== undefined) {
    writer.packedVarints(
      PROFILE.comment,
      profile.comments.map((comment) => tables.string(comment)),
    );
  }
  if (profile.defaultSampleType !== undefined) {
    writer.varint(PROFILE.defaultSampleType, tables.string(profile.defaultSampleType));
  }
  // Last, because everything above adds to it; protobuf fields may come in any order.
  for (const text of tables.strings) writer.string(PROFILE.stringTable, text);

  return gzipSync(writer.finish());
}

function writeValueType(writer: ProtobufWriter, field: number, valueType: ValueType, tables: ProfileTables): void {
  const start = writer.beginMessage(field);
  writer.varint(VALUE_TYPE.type, tables.string(valueType.type));
  writer.varint(VALUE_TYPE.unit, tables.string(valueType.unit));
  writer.endMessage(start);
}

function writeSample(writer: ProtobufWriter, sample: ProfileSample, tables: ProfileTables): void {
  const { process } = sample;
  const start = writer.beginMessage(PROFILE.sample);
  writer.packedVarints(
    SAMPLE.locationId,
    sample.stack.map((frame) => tables.locationId(frame)),
  );
  writer.packedVarints(SAMPLE.value, sample.values.map(Math.round));
  writeNumberLabel(writer, "pid", process.pid, tables);
  writeNumberLabel(writer, "tid", sample.threadId, tables);
  writeTextLabel(writer, "process", process.name, tables);
  writeTextLabel(writer, "thread", sample.threadName, tables);
  writeTextLabel(writer, "container", process.containerId ?? "", tables);
  writer.endMessage(start);
}

function writeNumberLabel(writer: ProtobufWriter, key: string, value: number, tables: ProfileTables): void {
  const start = writer.beginMessage(SAMPLE.label);
  writer.varint(LABEL.key, tables.string(key));
  writer.varint(LABEL.num, value);
  writer.endMessage(start);
}

function writeTextLabel(writer: ProtobufWriter, key: string, value: string, tables: ProfileTables): void {
  // A label without a string reads as the number 0.
  if (value === "") return;
  const start = writer.beginMessage(SAMPLE.label);
  writer.varint(LABEL.key, tables.string(key));
  writer.varint(LABEL.str, tables.string(value));
  writer.endMessage(start);
}

function writeMappings(writer: ProtobufWriter, mappings: readonly MappingEntry[], tables: ProfileTables): void {
  for (const { id, mapping, hasFunctions, hasFilenames, hasLineNumbers } of mappings) {
    const start = writer.beginMessage(PROFILE.mapping);
    writer.varint(MAPPING.id, id);
    writer.varint(MAPPING.memoryStart, mapping.startAddress);
    writer.varint(MAPPING.memoryLimit, mapping.limitAddress);
    writer.varint(MAPPING.fileOffset, mapping.fileOffset);
    writer.varint(MAPPING.filename, tables.string(mappingFileName(mapping)));
    if (mapping.buildId !== undefined) writer.varint(MAPPING.buildId, tables.string(mapping.buildId));
    writer.bool(MAPPING.hasFunctions, hasFunctions);
    writer.bool(MAPPING.hasFilenames, hasFilenames);
    writer.bool(MAPPING.hasLineNumbers, hasLineNumbers);
    writer.endMessage(start);
  }
}

function writeLocations(writer: ProtobufWriter, tables: ProfileTables): void {
  for (const { id, mappingId, address, functionId, line } of tables.locations) {
    const start = writer.beginMessage(PROFILE.location);
    writer.varint(LOCATION.id, id);
    writer.varint(LOCATION.mappingId, mappingId);
    writer.varint(LOCATION.address, address);
    const lineStart = writer.beginMessage(LOCATION.line);
    writer.varint(LINE.functionId, functionId);
    if (line !== undefined) writer.varint(LINE.line, line);
    writer.endMessage(lineStart);
    writer.endMessage(start);
  }
}

function writeFunctions(writer: ProtobufWriter, tables: ProfileTables): void {
  for (const { id, name, systemName, file } of tables.functions) {
    const start = writer.beginMessage(PROFILE.function);
    writer.varint(FUNCTION.id, id);
    writer.varint(FUNCTION.name, tables.string(name));
    writer.varint(FUNCTION.systemName, tables.string(systemName));
    if (file !== undefined) writer.varint(FUNCTION.filename, tables.string(file));
    writer.endMessage(start);
  }
}

function mainExecutablePath(samples: readonly ProfileSample[]): string | undefined {
  const valueByPath = new Map<string, number>();
  for (const { process, values } of samples) {
    if (process.executablePath === undefined) continue;
    valueByPath.set(process.executablePath, (valueByPath.get(process.executablePath) ?? 0) + (values[0] ?? 0));
  }
  let main: string | undefined;
  let mainValue = -1;
  for (const [path, value] of valueByPath) {
    if (value > mainValue) {
      main = path;
      mainValue = value;
    }
  }
  return main;
}
