/** What a table tells of itself when asked how full it is. */
export interface Fill {
  readonly sizeBytes: number;
  /** 0 to 1. */
  readonly fullness: number;
}

/** Where a string ends, and at most four slots of the hash. */
const BYTES_PER_STRING = 4 + 4 * 4;
const INITIAL_STRINGS = 256;
const INITIAL_BYTES = 16 * 1024;

/**
 * Strings stored once and referred to by number, within a bound. Number 0 is the empty string.
 *
 * As UTF-8 in one piece of memory: a string of its own in a `Map` takes some 100 bytes beside its characters.
 */
export class StringTable {
  readonly #limitBytes: number;
  /** All texts, one after the other. */
  #bytes: Buffer = Buffer.alloc(INITIAL_BYTES);
  /** Where each text ends; it begins where the one before ends. */
  #ends = new Int32Array(INITIAL_STRINGS);
  #slots = emptySlots(INITIAL_STRINGS);
  #size = 1;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
    this.#slots[this.#slotOf(Buffer.alloc(0))] = 0;
  }

  get size(): number {
    return this.#size;
  }

  get fill(): Fill {
    return {
      sizeBytes: this.#bytes.length + this.#ends.byteLength + this.#slots.byteLength,
      fullness: (this.#end(this.#size - 1) + this.#size * BYTES_PER_STRING) / this.#limitBytes,
    };
  }

  /** The number of the text; undefined where it is new and there is no room. */
  add(text: string): number | undefined {
    const bytes = Buffer.from(text);
    const known = this.#slots[this.#slotOf(bytes)] ?? -1;
    if (known >= 0) return known;
    const start = this.#end(this.#size - 1);
    const end = start + bytes.length;
    if (end + (this.#size + 1) * BYTES_PER_STRING > this.#limitBytes) return undefined;
    if (this.#size === this.#ends.length) this.#resize(Math.ceil(this.#size * 1.5));
    if (end > this.#bytes.length) this.#bytes = copyOf(this.#bytes, Math.ceil(end * 1.3));
    this.#bytes.set(bytes, start);
    this.#ends[this.#size] = end;
    this.#slots[this.#slotOf(bytes)] = this.#size;
    return this.#size++;
  }

  /** The number of a text that may be there. */
  find(text: string): number | undefined {
    const id = this.#slots[this.#slotOf(Buffer.from(text))] ?? -1;
    return id < 0 ? undefined : id;
  }

  text(id: number): string {
    if (!(id >= 0 && id < this.#size)) throw new RangeError(`there is no string ${id}`);
    return this.#bytes.toString("utf8", this.#start(id), this.#end(id));
  }

  /** Forgets all but those marked with 1, and gives the new number of each of them. They keep their order. */
  keep(used: Uint8Array): Int32Array {
    used[0] = 1;
    const renumbered = new Int32Array(this.#size);
    let kept = 0;
    let end = 0;
    for (let id = 0; id < this.#size; id++) {
      if (used[id] !== 1) continue;
      const [from, to] = [this.#start(id), this.#end(id)];
      this.#bytes.copyWithin(end, from, to);
      end += to - from;
      this.#ends[kept] = end;
      renumbered[id] = kept++;
    }
    this.#size = kept;
    this.#bytes = copyOf(this.#bytes, Math.max(INITIAL_BYTES, Math.ceil(end * 1.1)));
    this.#resize(Math.max(INITIAL_STRINGS, kept));
    return renumbered;
  }

  #start(id: number): number {
    return id === 0 ? 0 : this.#end(id - 1);
  }

  #end(id: number): number {
    return this.#ends[id] ?? 0;
  }

  #resize(strings: number): void {
    const ends = new Int32Array(strings);
    ends.set(this.#ends.subarray(0, Math.min(strings, this.#size)));
    this.#ends = ends;
    this.#slots = emptySlots(strings);
    for (let id = 0; id < this.#size; id++) {
      this.#slots[this.#slotOf(this.#bytes.subarray(this.#start(id), this.#end(id)))] = id;
    }
  }

  /** Where the text is, or where it would go: linear probing. */
  #slotOf(bytes: Buffer): number {
    const mask = this.#slots.length - 1;
    let hash = 0x811c9dc5;
    for (let at = 0; at < bytes.length; at++) hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x01000193);
    for (let slot = (hash ^ (hash >>> 15)) & mask; ; slot = (slot + 1) & mask) {
      const id = this.#slots[slot] ?? -1;
      if (id < 0 || this.#holds(id, bytes)) return slot;
    }
  }

  #holds(id: number, bytes: Buffer): boolean {
    const start = this.#start(id);
    if (this.#end(id) - start !== bytes.length) return false;
    for (let at = 0; at < bytes.length; at++) if (bytes[at] !== this.#bytes[start + at]) return false;
    return true;
  }
}

function emptySlots(strings: number): Int32Array {
  return new Int32Array(2 ** Math.ceil(Math.log2(strings * 1.5))).fill(-1);
}

function copyOf(bytes: Buffer, length: number): Buffer {
  const copy = Buffer.alloc(length);
  bytes.copy(copy, 0, 0, Math.min(length, bytes.length));
  return copy;
}
