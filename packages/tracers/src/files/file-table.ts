/**
 * Reads what the kernel half keeps and sends. The layouts are those of file-table.h; rows are read with a DataView at
 * fixed offsets, since a busy machine makes thousands a second.
 *
 * ```
 * file_key        0       8      16       20           24    28      32     36
 *                 | inode | name | device | generation | pid | image | kind | error | 40
 * totals          0       8       16       24      32           40              48        56        64         72
 *                 | opens | reads | writes | syncs | read_bytes | written_bytes | open_ns | read_ns | write_ns | sync_ns | 80
 * row             0        80
 *                 | totals | described | 88
 * file_record     0       4            8     48             64            80            84           88
 *                 | event | path_flags | key | process_name | file_system | asked_bytes | text_bytes | text ...
 * slow_operation  0       4           8     48       56            64       72       80
 *                 | event | operation | key | end_ns | duration_ns | result | offset | call | - | 88
 * short_event     0       4     8
 *                 | event | pid |
 * ```
 */

import { bytesAt, bytesOf, readCounter, readName } from "../kernel-values.ts";
import type { FileOperations } from "./file-report.ts";

export const FILE_KEY_BYTES = 40;
export const ROW_BYTES = 88;

/** `FILE_*` of file-table.h. */
export const FileKind = {
  regular: 1,
  directory: 2,
  socket: 3,
  pipe: 4,
  device: 5,
  other: 6,
  /** Known by the path that was asked for. */
  named: 7,
  /** A descriptor that stands for nothing. */
  absent: 8,
} as const;

/** `OPERATION_*` of file-table.h, and `CALL_*` of files.bpf.c. */
export const CallKind = { open: 1, read: 2, write: 3, sync: 4, transfer: 5, ioUring: 6, async: 7 } as const;

/** `EVENT_*` of file-table.h. */
export const EventKind = { file: 1, slow: 2, nearlyFull: 3, targetExited: 4 } as const;

/** `SLOW_IO_URING` of file-table.h. */
export const IO_URING_CALL = 0x10000;

/** Of a short_event that says `targetExited`. */
export function readExitedPid(view: DataView, offset: number): number {
  return view.getUint32(offset + 4, true);
}

/** Which file, whose. */
export interface FileKey {
  /** Text that tells apart what the key tells apart, without the error. */
  readonly identity: string;
  readonly pid: number;
  /** Which program ran in the process. */
  readonly image: number;
  readonly kind: number;
  readonly error: number;
}

export function readFileKey(view: DataView, offset: number): FileKey {
  return {
    identity: readIdentity(view, offset),
    pid: view.getUint32(offset + 24, true),
    image: view.getUint32(offset + 28, true),
    kind: view.getUint32(offset + 32, true),
    error: view.getUint32(offset + 36, true),
  };
}

/** The key's bytes up to `error`, as a string's characters: no number has to be printed for it. */
function readIdentity(view: DataView, offset: number): string {
  const start = view.byteOffset + offset;
  return bytesOf(view).toString("latin1", start, start + 36);
}

export function readTotals(view: DataView, offset: number): FileOperations {
  return {
    opens: readCounter(view, offset),
    reads: readCounter(view, offset + 8),
    writes: readCounter(view, offset + 16),
    syncs: readCounter(view, offset + 24),
    readBytes: readCounter(view, offset + 32),
    writtenBytes: readCounter(view, offset + 40),
    openNs: readCounter(view, offset + 48),
    readNs: readCounter(view, offset + 56),
    writeNs: readCounter(view, offset + 64),
    syncNs: readCounter(view, offset + 72),
  };
}

/** What a file is called. The views are of the ring buffer: good until its record was handled. */
export interface FileRecord {
  readonly key: FileKey;
  readonly processName: string;
  readonly fileSystem: string;
  /** What the process asked for, where it wasn't opened. */
  readonly asked: Uint8Array | undefined;
  /** Names of the file, or of the directory that `asked` is relative to; for `joinPath()`. */
  readonly names: Uint8Array;
  readonly pathFlags: number;
}

export function readFileRecord(view: DataView, offset: number): FileRecord {
  const askedBytes = view.getUint32(offset + 80, true);
  const textBytes = view.getUint32(offset + 84, true);
  const text = bytesAt(view, offset + 88, textBytes);
  return {
    key: readFileKey(view, offset + 8),
    processName: readName(view, offset + 48),
    fileSystem: readName(view, offset + 64),
    // Without its NUL.
    asked: askedBytes === 0 ? undefined : text.subarray(0, askedBytes - 1),
    names: text.subarray(askedBytes),
    pathFlags: view.getUint32(offset + 4, true),
  };
}

export interface SlowRecord {
  readonly key: FileKey;
  readonly operation: number;
  /** Id of the call, {@link IO_URING_CALL}. */
  readonly call: number;
  /** By CLOCK_MONOTONIC. */
  readonly endNs: bigint;
  readonly durationNs: number;
  /** Bytes, a descriptor, or the negative errno. */
  readonly result: number;
  /** Negative: not known. */
  readonly offset: number;
}

export function readSlowRecord(view: DataView, offset: number): SlowRecord {
  return {
    operation: view.getUint32(offset + 4, true),
    key: readFileKey(view, offset + 8),
    endNs: view.getBigUint64(offset + 48, true),
    durationNs: readCounter(view, offset + 56),
    result: Number(view.getBigInt64(offset + 64, true)),
    offset: Number(view.getBigInt64(offset + 72, true)),
    call: view.getUint32(offset + 80, true),
  };
}
