import { BpfError } from "../errors.ts";
import { Attributes } from "../sys/attributes.ts";
import { Errno, failure } from "../sys/failure.ts";
import type { Sys } from "../sys/sys.ts";
import { BpfCommand } from "../sys/uapi.ts";
import type { BatchBuffers, BatchRequest, EntryBatch } from "./batch.ts";

/**
 * The slow way through a map, for types without batch operations: BPF_MAP_GET_NEXT_KEY and a look-up for each entry.
 *
 * All keys are gathered before the first look-up, so that deleting is no matter. When a program deletes the entry that
 * is the cursor the kernel starts again at the first key: more keys than the map can hold mean that this went on, and
 * the iteration is given up with an error.
 */
export function* nextKeyBatches(request: BatchRequest, buffers: BatchBuffers): Generator<EntryBatch> {
  const { sys, map, keySizeBytes, valueSizeBytes, remove } = request;
  const keys = allKeys(sys, map, keySizeBytes);
  const capacity = buffers.valueBytes.length / valueSizeBytes;
  const key = new Uint8Array(keySizeBytes);
  const value = new Uint8Array(valueSizeBytes);
  let count = 0;
  for (const start of keys) {
    key.set(start);
    const found = element(sys, BpfCommand.MAP_LOOKUP_ELEM, map.fd, key, value);
    if (found === -Errno.ENOENT) continue;
    if (found < 0) throw failure(found, "bpf(BPF_MAP_LOOKUP_ELEM)", `reading map "${map.name}"`);
    if (remove) {
      const removed = element(sys, BpfCommand.MAP_DELETE_ELEM, map.fd, key, undefined);
      if (removed === -Errno.ENOENT) continue;
      if (removed < 0) throw failure(removed, "bpf(BPF_MAP_DELETE_ELEM)", `deleting from map "${map.name}"`);
    }
    buffers.keyBytes.set(key, count * keySizeBytes);
    buffers.valueBytes.set(value, count * valueSizeBytes);
    count++;
    if (count === capacity) {
      yield { count, keys: buffers.keys, values: buffers.values };
      count = 0;
    }
  }
  if (count > 0) yield { count, keys: buffers.keys, values: buffers.values };
}

function allKeys(sys: Sys, map: BatchRequest["map"], keySizeBytes: number): Uint8Array[] {
  const keys: Uint8Array[] = [];
  let previous: Uint8Array | undefined;
  for (;;) {
    const next = new Uint8Array(keySizeBytes);
    const result = element(sys, BpfCommand.MAP_GET_NEXT_KEY, map.fd, previous, next);
    if (result === -Errno.ENOENT) return keys;
    if (result < 0) throw failure(result, "bpf(BPF_MAP_GET_NEXT_KEY)", `reading the keys of map "${map.name}"`);
    if (keys.length >= map.maxEntries) {
      throw new BpfError(
        "system",
        `reading the keys of map "${map.name}" did not end: entries are deleted faster than it is read`,
      );
    }
    keys.push(next);
    previous = next;
  }
}

/** `value` is the next key for BPF_MAP_GET_NEXT_KEY, and missing for BPF_MAP_DELETE_ELEM. */
function element(
  sys: Sys,
  command: number,
  mapFd: number,
  key: Uint8Array | undefined,
  value: Uint8Array | undefined,
): number {
  const attributes = new Attributes(24).u32(0, mapFd).pointer(sys, 8, key).pointer(sys, 16, value);
  const result = sys.bpf(command, attributes.bytes);
  attributes.release();
  return result;
}
