import type { BpfError } from "../errors.ts";
import { mapLookupBatch } from "../sys/bpf.ts";
import { Errno, failure } from "../sys/failure.ts";
import type { Sys } from "../sys/sys.ts";
import { nextKeyBatches } from "./next-key.ts";

/**
 * Raw entries: key N is at `N * keySizeBytes` of `keys`, value N at `N * entrySizeBytes` of `values`. They are good until
 * the next batch is asked for, and gone after the last one.
 */
export interface EntryBatch {
  readonly count: number;
  readonly keys: DataView;
  readonly values: DataView;
}

export interface BatchRequest {
  readonly sys: Sys;
  readonly map: { readonly fd: number; readonly name: string; readonly maxEntries: number };
  readonly keySizeBytes: number;
  /** Of all CPUs in per-CPU maps. */
  readonly valueSizeBytes: number;
  /** Delete what is read. */
  readonly remove: boolean;
  /** Entries per batch. By default what fits into 256 KiB, at most the size of the map. */
  readonly capacity?: number;
}

const DEFAULT_BATCH_SIZE_BYTES = 256 * 1024;
/** A hash's batch must hold a whole bucket; buckets are short unless many keys collide. */
const SMALLEST_DEFAULT_CAPACITY = 64;
/** Times the kernel may be interrupted without having read anything before we give up. */
const MAX_INTERRUPTIONS = 100;

/**
 * Reads a map by BPF_MAP_LOOKUP_BATCH or BPF_MAP_LOOKUP_AND_DELETE_BATCH (5.6; per-CPU arrays 5.13). Types without them
 * are read key by key.
 *
 * A hash is read bucket by bucket and the cursor is the number of a bucket, so deleting entries meanwhile does not make
 * it start again, as it does with keys for cursors.
 */
export function* entryBatches(request: BatchRequest): Generator<EntryBatch> {
  const { keySizeBytes, valueSizeBytes } = request;
  const capacity = request.capacity ?? defaultCapacity(request);
  const memory = takeSpare();
  try {
    yield* readBatches(request, allocate(capacity, keySizeBytes, valueSizeBytes, memory), capacity);
  } finally {
    spare = memory;
  }
}

/** Batches are read one after the other as a rule, and some ten times a second: they share this. */
let spare: ArrayBuffer | undefined;

function takeSpare(): ArrayBuffer {
  const memory = spare ?? new ArrayBuffer(DEFAULT_BATCH_SIZE_BYTES + 8);
  spare = undefined;
  return memory;
}

function* readBatches(request: BatchRequest, first: BatchBuffers, firstCapacity: number): Generator<EntryBatch> {
  const { sys, map, keySizeBytes, valueSizeBytes, remove } = request;
  let buffers = first;
  let capacity = firstCapacity;
  // The kernel stores a bucket number (4 bytes) for hashes and a key for arrays.
  const cursor = new Uint8Array(Math.max(keySizeBytes, 4));
  let started = false;
  let interruptions = 0;
  for (;;) {
    const { result, count } = mapLookupBatch(sys, {
      mapFd: map.fd,
      remove,
      cursorIn: started ? cursor : undefined,
      cursorOut: cursor,
      keys: buffers.keyBytes,
      values: buffers.valueBytes,
      capacity,
    });
    if (!started && count === 0 && isUnsupported(result)) {
      yield* nextKeyBatches(request, buffers);
      return;
    }
    if (count > 0) yield { count, keys: buffers.keys, values: buffers.values };
    if (result === -Errno.ENOENT) return;
    if (result === -Errno.ENOSPC && count === 0) {
      // The next bucket alone is larger than the buffers; the cursor stays in front of it.
      if (capacity >= map.maxEntries) throw batchFailure(result, request);
      capacity = Math.min(capacity * 2, map.maxEntries);
      buffers = allocate(capacity, keySizeBytes, valueSizeBytes);
    } else if (result === -Errno.EINTR) {
      interruptions = count > 0 ? 0 : interruptions + 1;
      if (interruptions > MAX_INTERRUPTIONS) throw batchFailure(result, request);
    } else if (result < 0) {
      throw batchFailure(result, request);
    }
    started = true;
  }
}

export interface BatchBuffers {
  readonly keyBytes: Uint8Array;
  readonly valueBytes: Uint8Array;
  readonly keys: DataView;
  readonly values: DataView;
}

/** In the memory that is given, where that is enough. */
function allocate(
  capacity: number,
  keySizeBytes: number,
  valueSizeBytes: number,
  memory: ArrayBuffer = new ArrayBuffer(0),
): BatchBuffers {
  const keysLength = capacity * keySizeBytes;
  const valuesLength = capacity * valueSizeBytes;
  const valuesOffset = Math.ceil(keysLength / 8) * 8;
  const buffer =
    valuesOffset + valuesLength <= memory.byteLength ? memory : new ArrayBuffer(valuesOffset + valuesLength);
  return {
    keyBytes: new Uint8Array(buffer, 0, keysLength),
    valueBytes: new Uint8Array(buffer, valuesOffset, valuesLength),
    keys: new DataView(buffer, 0, keysLength),
    values: new DataView(buffer, valuesOffset, valuesLength),
  };
}

function defaultCapacity({ keySizeBytes, valueSizeBytes, map }: BatchRequest): number {
  const fitting = Math.floor(DEFAULT_BATCH_SIZE_BYTES / (keySizeBytes + valueSizeBytes));
  return Math.max(1, Math.min(map.maxEntries, Math.max(fitting, SMALLEST_DEFAULT_CAPACITY)));
}

/** ENOTSUPP: the map type has no batch operations (`BPF_DO_BATCH` in kernel/bpf/syscall.c). */
function isUnsupported(result: number): boolean {
  return result === -Errno.ENOTSUPP || result === -Errno.EOPNOTSUPP;
}

function batchFailure(result: number, { map, remove }: BatchRequest): BpfError {
  const command = remove ? "BPF_MAP_LOOKUP_AND_DELETE_BATCH" : "BPF_MAP_LOOKUP_BATCH";
  return failure(result, `bpf(${command})`, `reading map "${map.name}" in batches`);
}
