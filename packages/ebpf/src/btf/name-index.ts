const underscore = 0x5f;

/**
 * Types by name, without a string or an object for any of them: a hash table in two typed arrays.
 *
 * Types are filed under the hash of their essential name (see {@link essentialName}), so that one index answers both
 * "the type called X" and "all candidates for X whatever their flavour". A bucket lists ids in ascending order; the
 * caller compares names.
 */
export class NameIndex {
  /** Bucket b is `#ids[#starts[b]..#starts[b + 1]]`. */
  readonly #starts: Uint32Array;
  readonly #ids: Uint32Array;
  readonly #mask: number;

  /** @param hashes of the essential name of each id, in the same order. */
  constructor(ids: Uint32Array, hashes: Uint32Array) {
    const buckets = 1 << Math.max(4, 32 - Math.clz32(ids.length >> 1));
    this.#mask = buckets - 1;
    this.#starts = new Uint32Array(buckets + 1);
    for (const hash of hashes) increment(this.#starts, (hash & this.#mask) + 1);
    for (let bucket = 0; bucket < buckets; bucket++) {
      this.#starts[bucket + 1] = (this.#starts[bucket + 1] ?? 0) + (this.#starts[bucket] ?? 0);
    }
    const next = this.#starts.slice(0, buckets);
    this.#ids = new Uint32Array(ids.length);
    for (let index = 0; index < ids.length; index++) {
      const bucket = (hashes[index] ?? 0) & this.#mask;
      this.#ids[increment(next, bucket)] = ids[index] ?? 0;
    }
  }

  /** Ids of types whose essential name has this hash, and some others. */
  bucket(hash: number): Uint32Array {
    const bucket = hash & this.#mask;
    return this.#ids.subarray(this.#starts[bucket], this.#starts[bucket + 1]);
  }
}

/** Adds one, and returns what was there before. */
function increment(counts: Uint32Array, index: number): number {
  const before = counts[index] ?? 0;
  counts[index] = before + 1;
  return before;
}

/** FNV-1a of `bytes[start..end]`. */
function hashBytes(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let index = start; index < end; index++) hash = Math.imul(hash ^ (bytes[index] ?? 0), 0x01000193);
  return hash >>> 0;
}

/**
 * Hash of the essential name of the NUL-terminated string at `start`, in one pass: only names with three underscores in a
 * row, of which there are few, are looked at again.
 */
export function hashEssential(bytes: Uint8Array, start: number): number {
  let hash = 0x811c9dc5;
  let underscores = 0;
  let mayHaveFlavour = false;
  let end = start;
  for (let byte = bytes[end] ?? 0; byte !== 0; byte = bytes[++end] ?? 0) {
    hash = Math.imul(hash ^ byte, 0x01000193);
    underscores = byte === underscore ? underscores + 1 : 0;
    if (underscores === 3) mayHaveFlavour = true;
  }
  return mayHaveFlavour ? hashBytes(bytes, start, start + essentialLength(bytes, start, end)) : hash >>> 0;
}

/**
 * Length of the essential name in `bytes[start..end]`: what stands before the flavour.
 *
 * A flavour is everything from the last `___` that has something other than `_` on both sides, as libbpf cuts it
 * (`bpf_core_essential_name_len` in libbpf.c): `task_struct___old` is `task_struct`, but `___x` and `a____b` are whole.
 */
function essentialLength(bytes: Uint8Array, start: number, end: number): number {
  for (let index = end - 5; index >= start; index--) {
    if (
      bytes[index + 1] === underscore &&
      bytes[index + 2] === underscore &&
      bytes[index + 3] === underscore &&
      bytes[index] !== underscore &&
      bytes[index + 4] !== underscore
    ) {
      return index + 1 - start;
    }
  }
  return end - start;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The name without its flavour: `task_struct` of `task_struct___old`. */
export function essentialName(name: string): string {
  if (!name.includes("___")) return name;
  const bytes = encoder.encode(name);
  return decoder.decode(bytes.subarray(0, essentialLength(bytes, 0, bytes.length)));
}

export function hashName(name: string): number {
  const bytes = encoder.encode(name);
  return hashBytes(bytes, 0, bytes.length);
}
