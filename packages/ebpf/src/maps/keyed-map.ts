import { Errno } from "../sys/failure.ts";
import type { FileDescriptor } from "../sys/file-descriptor.ts";
import type { Sys } from "../sys/sys.ts";
import { BpfCommand, UpdateFlag } from "../sys/uapi.ts";
import { type EntryBatch, entryBatches } from "./batch.ts";
import { BpfMap, type MapShape } from "./bpf-map.ts";
import type { ValueCodec } from "./codec.ts";

/** Bytes of bpf_attr for commands on one element: map_fd, key, value, flags. */
const ELEMENT_SIZE_BYTES = 32;
/** Without value and flags, which deleting must not send. */
const KEY_ONLY_SIZE_BYTES = 16;

export interface SetOptions {
  /** `any` (default) writes in any case, `insert` fails if the key is there, `replace` if it is not. */
  readonly mode?: "any" | "insert" | "replace";
}

const UPDATE_FLAGS = { any: UpdateFlag.ANY, insert: UpdateFlag.NOEXIST, replace: UpdateFlag.EXIST } as const;

/**
 * A map with keys and values: hash, LRU hash, array, LPM trie, and their per-CPU forms, whose value is an array with
 * one element for each possible CPU.
 *
 * A call costs about a microsecond: read many entries by {@link entries}, {@link drain} or the batches below.
 */
export class KeyedMap<Key, Value> extends BpfMap implements Iterable<[Key, Value]> {
  readonly #keyCodec: ValueCodec<Key>;
  readonly #valueCodec: ValueCodec<Value>;
  readonly #attributes = new Uint8Array(ELEMENT_SIZE_BYTES);
  readonly #attributesView = new DataView(this.#attributes.buffer);
  readonly #keyOnlyAttributes = this.#attributes.subarray(0, KEY_ONLY_SIZE_BYTES);
  readonly #key: Uint8Array;
  readonly #keyView: DataView;
  readonly #value: Uint8Array;
  readonly #valueView: DataView;

  constructor(
    sys: Sys,
    descriptor: FileDescriptor,
    shape: MapShape,
    keyCodec: ValueCodec<Key>,
    valueCodec: ValueCodec<Value>,
  ) {
    super(sys, descriptor, shape);
    this.#keyCodec = keyCodec;
    this.#valueCodec = valueCodec;
    this.#key = new Uint8Array(keyCodec.sizeBytes);
    this.#keyView = new DataView(this.#key.buffer);
    this.#value = new Uint8Array(valueCodec.sizeBytes);
    this.#valueView = new DataView(this.#value.buffer);
    this.#attributesView.setBigUint64(8, sys.address(this.#key), true);
    this.#attributesView.setBigUint64(16, sys.address(this.#value), true);
  }

  /** Bytes of a whole value: in per-CPU maps those of all CPUs. */
  get entrySizeBytes(): number {
    return this.#value.length;
  }

  /** The value, or undefined where there is none. */
  get(key: Key): Value | undefined {
    this.#keyCodec.encode(key, this.#keyView, 0);
    return this.#lookup("BPF_MAP_LOOKUP_ELEM", BpfCommand.MAP_LOOKUP_ELEM)
      ? this.#valueCodec.decode(this.#valueView, 0)
      : undefined;
  }

  has(key: Key): boolean {
    this.#keyCodec.encode(key, this.#keyView, 0);
    return this.#lookup("BPF_MAP_LOOKUP_ELEM", BpfCommand.MAP_LOOKUP_ELEM);
  }

  /** Takes the entry out, in one step as programs see it; hashes only, Linux 5.14. */
  take(key: Key): Value | undefined {
    this.#keyCodec.encode(key, this.#keyView, 0);
    return this.#lookup("BPF_MAP_LOOKUP_AND_DELETE_ELEM", BpfCommand.MAP_LOOKUP_AND_DELETE_ELEM)
      ? this.#valueCodec.decode(this.#valueView, 0)
      : undefined;
  }

  /** @throws {BpfError} when the map is full, or `mode` is not met. */
  set(key: Key, value: Value, options: SetOptions = {}): void {
    this.#keyCodec.encode(key, this.#keyView, 0);
    this.#valueCodec.encode(value, this.#valueView, 0);
    this.#update(UPDATE_FLAGS[options.mode ?? "any"]);
  }

  /** False where there was no such entry. Elements of arrays cannot be deleted. */
  delete(key: Key): boolean {
    this.#keyCodec.encode(key, this.#keyView, 0);
    return this.#delete();
  }

  /** The raw bytes of a value, copied into `target`; false where there is none. Allocates nothing. */
  getBytes(key: Uint8Array, target: Uint8Array): boolean {
    this.#key.set(key);
    if (!this.#lookup("BPF_MAP_LOOKUP_ELEM", BpfCommand.MAP_LOOKUP_ELEM)) return false;
    target.set(this.#value);
    return true;
  }

  setBytes(key: Uint8Array, value: Uint8Array, options: SetOptions = {}): void {
    this.#key.set(key);
    this.#value.set(value);
    this.#update(UPDATE_FLAGS[options.mode ?? "any"]);
  }

  deleteBytes(key: Uint8Array): boolean {
    this.#key.set(key);
    return this.#delete();
  }

  /**
   * All entries, read in batches. What is added or deleted meanwhile may or may not be seen; what stays is seen once.
   */
  *entries(): Generator<[Key, Value]> {
    yield* this.#decoded(this.batches());
  }

  [Symbol.iterator](): Generator<[Key, Value]> {
    return this.entries();
  }

  *keys(): Generator<Key> {
    for (const [key] of this.entries()) yield key;
  }

  *values(): Generator<Value> {
    for (const [, value] of this.entries()) yield value;
  }

  /** Takes all entries out while it reads them. Stop early and the entries of the batch at hand are gone too. */
  *drain(): Generator<[Key, Value]> {
    yield* this.#decoded(this.takeBatches());
  }

  /** Raw entries, many at a time. A batch is valid until the next one is asked for. */
  batches(options: { readonly capacity?: number } = {}): Generator<EntryBatch> {
    return this.#batches(false, options.capacity);
  }

  /** The same, and the entries of each batch are deleted as it is read. Hashes only. */
  takeBatches(options: { readonly capacity?: number } = {}): Generator<EntryBatch> {
    return this.#batches(true, options.capacity);
  }

  #batches(remove: boolean, capacity: number | undefined): Generator<EntryBatch> {
    return entryBatches({
      sys: this.sys,
      map: this,
      keySizeBytes: this.#key.length,
      valueSizeBytes: this.#value.length,
      remove,
      ...(capacity === undefined ? {} : { capacity }),
    });
  }

  *#decoded(batches: Generator<EntryBatch>): Generator<[Key, Value]> {
    const keySizeBytes = this.#key.length;
    const valueSizeBytes = this.#value.length;
    for (const { count, keys, values } of batches) {
      for (let index = 0; index < count; index++) {
        yield [
          this.#keyCodec.decode(keys, index * keySizeBytes),
          this.#valueCodec.decode(values, index * valueSizeBytes),
        ];
      }
    }
  }

  /** False where the key is not there, without making an error: this is the hot path. */
  #lookup(name: string, command: number): boolean {
    this.#attributesView.setUint32(0, this.fd, true);
    this.#attributesView.setBigUint64(24, 0n, true);
    const result = this.sys.bpf(command, this.#attributes);
    if (result >= 0) return true;
    if (result === -Errno.ENOENT) return false;
    throw this.failure(result, name, "reading");
  }

  #update(flags: number): void {
    this.#attributesView.setUint32(0, this.fd, true);
    this.#attributesView.setUint32(24, flags, true);
    const result = this.sys.bpf(BpfCommand.MAP_UPDATE_ELEM, this.#attributes);
    if (result < 0) {
      throw this.failure(result, "BPF_MAP_UPDATE_ELEM", "writing to", {
        E2BIG: `it is full: it has ${this.maxEntries} entries`,
        EEXIST: "the key is there already",
        ENOENT: { code: "not-found", text: "the key is not there" },
      });
    }
  }

  #delete(): boolean {
    this.#attributesView.setUint32(0, this.fd, true);
    const result = this.sys.bpf(BpfCommand.MAP_DELETE_ELEM, this.#keyOnlyAttributes);
    if (result >= 0) return true;
    if (result === -Errno.ENOENT) return false;
    throw this.failure(result, "BPF_MAP_DELETE_ELEM", "deleting from");
  }
}
