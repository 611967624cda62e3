/**
 * Reads the records of the kernel half, as records.h lays them out: at fixed offsets, since a busy machine has thousands a
 * second. `process-records.test.ts` holds the offsets against the object's own types.
 *
 * ```
 * process_record  0      4     8            12        16        24          32
 *                 | kind | pid | parent_pid | user_id | time_ns | cgroup_id | name ... 48
 * exec_record     0                48      52             56               60                64
 *                 | process_record | error | directory_fd | argument_count | arguments_whole | executable_flags
 *                 68                | 72           | 76                 | 80                | 84                | 88
 *                 | directory_flags | path_bytes   | executable_bytes   | directory_bytes   | arguments_bytes   | data ...
 * exit_record     0                48            56                    64       72
 *                 | process_record | lifetime_ns | peak_resident_pages | cpu_ns | read_bytes
 *                 80              88           96              104         108
 *                 | written_bytes | read_chars | written_chars | exit_code | - | 112
 * ```
 */

import { joinPath, type PathText } from "../filters/path-text.ts";
import { bytesAt, readCounter, readName, textUntilNul } from "../kernel-values.ts";

/** `RECORD_*` of records.h. */
export const RecordKind = { cgroup: 1, start: 2, exec: 3, execFailure: 4, exit: 5 } as const;

const EXEC_DATA = 88;

export interface ProcessRecord {
  readonly pid: number;
  readonly parentPid: number;
  readonly userId: number;
  /** By CLOCK_MONOTONIC. */
  readonly timeNs: bigint;
  readonly cgroupId: bigint;
  readonly name: string;
}

export interface ExecRecord {
  /** Errno; 0 when it worked. */
  readonly error: number;
  /** As it was given. */
  readonly path: string;
  readonly arguments: readonly string[];
  readonly argumentsTruncated: boolean;
  readonly argumentCount: number;
  readonly executable: PathText;
  readonly directory: PathText;
}

export interface ExitRecord {
  readonly lifetimeNs: number;
  readonly cpuTimeNs: number;
  readonly peakResidentPages: number;
  readonly readBytes: number;
  readonly writtenBytes: number;
  readonly readChars: number;
  readonly writtenChars: number;
  /** As wait() has it. */
  readonly exitCode: number;
}

/** A `RecordKind`. */
export function readKind(view: DataView, offset: number): number {
  return view.getUint32(offset, true);
}

export function readProcess(view: DataView, offset: number): ProcessRecord {
  return {
    pid: view.getUint32(offset + 4, true),
    parentPid: view.getUint32(offset + 8, true),
    userId: view.getUint32(offset + 12, true),
    timeNs: view.getBigUint64(offset + 16, true),
    cgroupId: view.getBigUint64(offset + 24, true),
    name: readName(view, offset + 32),
  };
}

export function readExec(view: DataView, offset: number): ExecRecord {
  let position = offset + EXEC_DATA;
  const take = (sizeOffset: number): Uint8Array => {
    const sizeBytes = view.getUint32(offset + sizeOffset, true);
    position += sizeBytes;
    return bytesAt(view, position - sizeBytes, sizeBytes);
  };
  const path = textUntilNul(take(72));
  const executable = joinPath(take(76), view.getUint32(offset + 64, true));
  const directory = joinPath(take(80), view.getUint32(offset + 68, true));
  const texts = splitArguments(take(84));
  return {
    error: view.getInt32(offset + 48, true),
    path: pathFrom(view.getInt32(offset + 52, true), path),
    arguments: texts,
    argumentsTruncated: view.getUint32(offset + 60, true) === 0,
    argumentCount: view.getUint32(offset + 56, true),
    executable,
    directory,
  };
}

export function readExit(view: DataView, offset: number): ExitRecord {
  return {
    lifetimeNs: readCounter(view, offset + 48),
    peakResidentPages: readCounter(view, offset + 56),
    cpuTimeNs: readCounter(view, offset + 64),
    readBytes: readCounter(view, offset + 72),
    writtenBytes: readCounter(view, offset + 80),
    readChars: readCounter(view, offset + 88),
    writtenChars: readCounter(view, offset + 96),
    exitCode: view.getInt32(offset + 104, true),
  };
}

/** include/uapi/linux/fcntl.h */
const AT_FDCWD = -100;

/** What the kernel makes of a path that is relative to a descriptor, as alloc_bprm() in fs/exec.c does. */
function pathFrom(directoryFd: number, path: string): string {
  if (directoryFd === AT_FDCWD || path.startsWith("/")) return path;
  return path === "" ? `/dev/fd/${directoryFd}` : `/dev/fd/${directoryFd}/${path}`;
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Texts that each end with a NUL; the last one, where it was cut, with the bytes. */
function splitArguments(bytes: Uint8Array): string[] {
  if (bytes.length === 0) return [];
  const texts = decoder.decode(bytes).split("\0");
  if (bytes.at(-1) === 0) texts.pop();
  return texts;
}
