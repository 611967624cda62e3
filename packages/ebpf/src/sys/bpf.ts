/**
 * The commands of bpf(2), one function each. Offsets are those of `union bpf_attr` in include/uapi/linux/bpf.h.
 * Functions that make something return its descriptor or throw; hot paths (look-ups) return the raw result.
 */

import { Attributes, cString } from "./attributes.ts";
import { Errno, failure } from "./failure.ts";
import { FileDescriptor } from "./file-descriptor.ts";
import { retryWithMemoryLock } from "./memory-lock.ts";
import type { Sys } from "./sys.ts";
import { BpfCommand } from "./uapi.ts";

function call(sys: Sys, command: number, attributes: Attributes): number {
  const result = sys.bpf(command, attributes.bytes);
  attributes.release();
  return result;
}

export interface MapCreateOptions {
  readonly name: string;
  readonly type: number;
  readonly keySizeBytes: number;
  readonly valueSizeBytes: number;
  readonly maxEntries: number;
  readonly flags: number;
  readonly innerMapFd?: number;
  /** Set if the map's types are known; required for maps with BTF-described values, such as task storage. */
  readonly btf?: { readonly fd: number; readonly keyTypeId: number; readonly valueTypeId: number };
}

export function mapCreate(sys: Sys, options: MapCreateOptions): FileDescriptor {
  const attributes = new Attributes(options.btf === undefined ? 48 : 60)
    .u32(0, options.type)
    .u32(4, options.keySizeBytes)
    .u32(8, options.valueSizeBytes)
    .u32(12, options.maxEntries)
    .u32(16, options.flags)
    .u32(20, options.innerMapFd ?? 0)
    .name(28, options.name);
  if (options.btf !== undefined) {
    attributes.u32(48, options.btf.fd).u32(52, options.btf.keyTypeId).u32(56, options.btf.valueTypeId);
  }
  const result = retryWithMemoryLock(sys, () => call(sys, BpfCommand.MAP_CREATE, attributes));
  return FileDescriptor.own(sys, result, "bpf(BPF_MAP_CREATE)", `creating map "${options.name}"`);
}

export function mapUpdate(sys: Sys, mapFd: number, key: Uint8Array, value: Uint8Array, flags: number): number {
  const attributes = new Attributes(32).u32(0, mapFd).pointer(sys, 8, key).pointer(sys, 16, value);
  attributes.u64(24, BigInt(flags));
  return call(sys, BpfCommand.MAP_UPDATE_ELEM, attributes);
}

export function mapFreeze(sys: Sys, mapFd: number): number {
  return call(sys, BpfCommand.MAP_FREEZE, new Attributes(4).u32(0, mapFd));
}

export interface BatchOptions {
  readonly mapFd: number;
  readonly remove: boolean;
  /** Where to go on, undefined at the start. */
  readonly cursorIn: Uint8Array | undefined;
  readonly cursorOut: Uint8Array;
  readonly keys: Uint8Array;
  readonly values: Uint8Array;
  /** Room in `keys` and `values`, in entries. */
  readonly capacity: number;
}

/** `count` entries were written, also where `result` is -ENOENT (the end) or -ENOSPC (a bucket larger than `capacity`). */
export function mapLookupBatch(sys: Sys, options: BatchOptions): { readonly result: number; readonly count: number } {
  const attributes = new Attributes(56)
    .pointer(sys, 0, options.cursorIn)
    .pointer(sys, 8, options.cursorOut)
    .pointer(sys, 16, options.keys)
    .pointer(sys, 24, options.values)
    .u32(32, options.capacity)
    .u32(36, options.mapFd);
  const command = options.remove ? BpfCommand.MAP_LOOKUP_AND_DELETE_BATCH : BpfCommand.MAP_LOOKUP_BATCH;
  const result = call(sys, command, attributes);
  // The kernel leaves `count` as it was when it refuses the call before it starts.
  const wrote = result === 0 || result === -Errno.ENOENT || result === -Errno.ENOSPC || result === -Errno.EINTR;
  return { result, count: wrote ? attributes.readU32(32) : 0 };
}

export function btfLoad(sys: Sys, btf: Uint8Array, log?: Uint8Array): number {
  const attributes = new Attributes(28).pointer(sys, 0, btf).u32(16, btf.length);
  if (log !== undefined) attributes.pointer(sys, 8, log).u32(20, log.length).u32(24, 1);
  return retryWithMemoryLock(sys, () => call(sys, BpfCommand.BTF_LOAD, attributes));
}

export interface ProgramLoadOptions {
  readonly name: string;
  readonly type: number;
  readonly expectedAttachType: number;
  readonly flags: number;
  readonly license: string;
  readonly instructions: Uint8Array;
  /** Type in the kernel's BTF that a tracing program attaches to; 0 for none. */
  readonly attachBtfId: number;
  /** Descriptor of the module's BTF, 0 for the kernel's. */
  readonly attachBtfObjectFd: number;
  /** The object's BTF with records of `bpf_func_info` (8 bytes) and `bpf_line_info` (16 bytes). */
  readonly btf: { readonly fd: number; readonly functions: Uint8Array; readonly lines: Uint8Array } | undefined;
}

const FUNCTION_INFO_SIZE_BYTES = 8;
const LINE_INFO_SIZE_BYTES = 16;
const LOG_TRUE_SIZE_OFFSET = 140;

/** Where the verifier writes what it did. */
export interface VerifierLogBuffer {
  readonly level: number;
  readonly bytes: Uint8Array;
}

export interface ProgramLoadResult {
  /** Descriptor or negative errno. */
  readonly result: number;
  /** Bytes the whole log takes, where the kernel tells (6.4), else 0. */
  readonly logTrueSizeBytes: number;
}

/**
 * One try, on a thread of the pool: verifying a large program takes up to seconds. EAGAIN (a signal arrived) is for the
 * caller to retry.
 */
export async function programLoad(
  sys: Sys,
  options: ProgramLoadOptions,
  log: VerifierLogBuffer | undefined,
): Promise<ProgramLoadResult> {
  const attributes = new Attributes(log === undefined ? 120 : LOG_TRUE_SIZE_OFFSET + 4)
    .u32(0, options.type)
    .u32(4, options.instructions.length / 8)
    .pointer(sys, 8, options.instructions)
    .pointer(sys, 16, cString(options.license))
    .u32(44, options.flags)
    .name(48, options.name)
    .u32(68, options.expectedAttachType)
    .u32(108, options.attachBtfId)
    .u32(112, options.attachBtfObjectFd);
  if (options.btf !== undefined) {
    const { fd, functions, lines } = options.btf;
    attributes
      .u32(72, fd)
      .u32(76, FUNCTION_INFO_SIZE_BYTES)
      .pointer(sys, 80, functions)
      .u32(88, functions.length / FUNCTION_INFO_SIZE_BYTES)
      .u32(92, LINE_INFO_SIZE_BYTES)
      .pointer(sys, 96, lines)
      .u32(104, lines.length / LINE_INFO_SIZE_BYTES);
  }
  if (log !== undefined) attributes.u32(24, log.level).u32(28, log.bytes.length).pointer(sys, 32, log.bytes);
  const result = await sys.bpfAsync(BpfCommand.PROG_LOAD, attributes.bytes);
  attributes.release();
  return { result, logTrueSizeBytes: log === undefined ? 0 : attributes.readU32(LOG_TRUE_SIZE_OFFSET) };
}

/** For raw tracepoints by name; for tracing programs (tp_btf, fentry, fexit) without one. */
export function rawTracepointOpen(sys: Sys, programFd: number, name: string | undefined): number {
  const attributes = new Attributes(12).u32(8, programFd);
  if (name !== undefined) attributes.pointer(sys, 0, cString(name));
  return call(sys, BpfCommand.RAW_TRACEPOINT_OPEN, attributes);
}

export function linkCreate(sys: Sys, programFd: number, targetFd: number, attachType: number, cookie: bigint): number {
  const attributes = new Attributes(cookie === 0n ? 16 : 24).u32(0, programFd).u32(4, targetFd).u32(8, attachType);
  if (cookie !== 0n) attributes.u64(16, cookie);
  return call(sys, BpfCommand.LINK_CREATE, attributes);
}

/** A link of a program to many places of one file; all of them in processes to come, too. */
export function uprobeMultiLinkCreate(
  sys: Sys,
  programFd: number,
  attachType: number,
  path: Uint8Array,
  offsets: BigUint64Array,
  cookies: BigUint64Array | undefined,
  flags: number,
): number {
  const attributes = new Attributes(56).u32(0, programFd).u32(8, attachType);
  attributes.pointer(sys, 16, path).pointer(sys, 24, bytesOf(offsets));
  if (cookies !== undefined) attributes.pointer(sys, 40, bytesOf(cookies));
  attributes.u32(48, offsets.length).u32(52, flags);
  return call(sys, BpfCommand.LINK_CREATE, attributes);
}

function bytesOf({ buffer, byteOffset, byteLength }: BigUint64Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** `information` is a `union bpf_iter_link_info`; empty for iterators over everything. */
export function iteratorLinkCreate(sys: Sys, programFd: number, attachType: number, information: Uint8Array): number {
  const attributes = new Attributes(28).u32(0, programFd).u32(8, attachType);
  attributes.pointer(sys, 16, information).u32(24, information.length);
  return call(sys, BpfCommand.LINK_CREATE, attributes);
}

export function iteratorCreate(sys: Sys, linkFd: number): number {
  return call(sys, BpfCommand.ITER_CREATE, new Attributes(8).u32(0, linkFd));
}

export function enableStats(sys: Sys, type: number): number {
  return call(sys, BpfCommand.ENABLE_STATS, new Attributes(4).u32(0, type));
}

/** Fills `information` with a `bpf_prog_info`, `bpf_map_info` ...; older kernels leave the tail as it was. */
export function objectInformation(sys: Sys, fd: number, information: Uint8Array): number {
  const attributes = new Attributes(16).u32(0, fd).u32(4, information.length).pointer(sys, 8, information);
  return call(sys, BpfCommand.OBJ_GET_INFO_BY_FD, attributes);
}

export interface TestRunOptions {
  readonly context?: Uint8Array;
  readonly data?: Uint8Array;
  readonly dataOut?: Uint8Array;
  readonly repeat?: number;
}

export interface TestRunResult {
  readonly returnValue: number;
  /** Mean of the repetitions; 0 for program types that don't measure. */
  readonly durationNs: number;
}

export function programTestRun(sys: Sys, programFd: number, options: TestRunOptions): TestRunResult {
  const { context, data, dataOut, repeat } = options;
  const attributes = new Attributes(64)
    .u32(0, programFd)
    .u32(8, data?.length ?? 0)
    .u32(12, dataOut?.length ?? 0)
    .pointer(sys, 16, data)
    .pointer(sys, 24, dataOut)
    .u32(32, repeat ?? 0)
    .u32(40, context?.length ?? 0)
    .pointer(sys, 48, context);
  const result = call(sys, BpfCommand.PROG_TEST_RUN, attributes);
  if (result < 0) throw failure(result, "bpf(BPF_PROG_TEST_RUN)", "a test run of the program");
  return { returnValue: attributes.readU32(4), durationNs: attributes.readU32(36) };
}

/** The BTF object after `id`, or -ENOENT: `next_id` is at offset 4. */
export function btfNextId(sys: Sys, id: number): number {
  const attributes = new Attributes(12).u32(0, id);
  const result = call(sys, BpfCommand.BTF_GET_NEXT_ID, attributes);
  return result < 0 ? result : attributes.readU32(4);
}

export function btfById(sys: Sys, id: number): number {
  return call(sys, BpfCommand.BTF_GET_FD_BY_ID, new Attributes(12).u32(0, id));
}
