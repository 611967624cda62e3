/** Load, relocate, attach and read eBPF programs. */

export { Btf } from "./btf/btf.ts";
export { type Codec, compileCodec, type Value } from "./btf/codec.ts";
export {
  BpfError,
  type BpfErrorCode,
  type BpfErrorDetails,
  FormatError,
  type SourceLocation,
  VerifierError,
} from "./errors.ts";
export { EventQueue, type EventQueueOptions } from "./events/event-queue.ts";
export { type RecordOptions, RecordQueue, type RecordQueueOptions } from "./events/record-queue.ts";
export { type RecordHandler, RingBufferReader, type RingBufferReaderOptions } from "./events/ring-buffer-reader.ts";
export { Collection } from "./loader/collection.ts";
export { Globals, type GlobalValue, type TypedGlobals } from "./loader/globals.ts";
export { KernelBtf, type KernelTypes } from "./loader/kernel-btf.ts";
export type { LoadOptions } from "./loader/load.ts";
export { CollectionMaps, CollectionPrograms } from "./loader/members.ts";
export { parseObject } from "./loader/object.ts";
export type {
  CollectionSpec,
  DataSectionSpec,
  FunctionInfo,
  LineInfo,
  MapReference,
  MapSpec,
  ProgramHook,
  ProgramSpec,
  VariableSpec,
} from "./loader/spec.ts";
export type { EntryBatch } from "./maps/batch.ts";
export { BpfMap, type MapShape } from "./maps/bpf-map.ts";
export type { ValueCodec } from "./maps/codec.ts";
export { DescriptorMap, type HasDescriptor } from "./maps/descriptor-map.ts";
export { KeyedMap, type SetOptions } from "./maps/keyed-map.ts";
export { RawMap } from "./maps/raw-map.ts";
export { RingBufferMap } from "./maps/ring-buffer-map.ts";
export { StackTraceMap } from "./maps/stack-trace-map.ts";
export { TaskStorageMap } from "./maps/task-storage-map.ts";
export type { AttachOptions } from "./probes/attach.ts";
export { attachIterator, type IteratorOptions, readIterator, runIterator } from "./probes/iterator.ts";
export { attachKprobe, type KprobeOptions } from "./probes/kprobe.ts";
export { type AttachableProgram, Link } from "./probes/link.ts";
export { attachPerfEvent, type PerfEventAttachOptions } from "./probes/perf-event.ts";
export { attachRawTracepoint, type RawTracepointOptions } from "./probes/raw-tracepoint.ts";
export { attachTracepoint, type TracepointOptions } from "./probes/tracepoint.ts";
export { attachTracing } from "./probes/tracing.ts";
export { attachUprobe, type UprobeOptions } from "./probes/uprobe.ts";
export { attachUprobeMulti, type UprobeMultiOptions, type UprobePlace } from "./probes/uprobe-multi.ts";
export { Program } from "./programs/program.ts";
export type { ProgramInformation } from "./programs/program-information.ts";
export { programsQuiesced } from "./programs/quiesce.ts";
export type { TestRunOptions, TestRunResult } from "./sys/bpf.ts";
export { onlineCpus, possibleCpuCount } from "./sys/cpus.ts";
export { pageSizeBytes } from "./sys/page-size.ts";
export { enableStats } from "./sys/statistics.ts";
export type { Sys } from "./sys/sys.ts";
export { AttachType, MapFlag, MapType, PerfHardware, PerfSoftware, PerfType, ProgramType } from "./sys/uapi.ts";
