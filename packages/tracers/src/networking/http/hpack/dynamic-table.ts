import { KeptHeader } from "./kept-headers.ts";

/** What an entry costs beyond its name and value (RFC 7541, section 4.1). */
export const ENTRY_OVERHEAD_BYTES = 32;

/** The name of an entry whose name stood in an entry that we do not know. */
export const UNKNOWN_NAME = 255;

/** The upper bound of a limit that is not known. Larger tables are not in use: what asks for an entry beyond is malformed. */
const ASSUMED_LIMIT_BYTES = 1 << 20;

/** What is held of a table whose limit is known, and of one whose is not: it is 4,096 almost everywhere, and memory counts. */
const HELD_BYTES = 1 << 16;
const HELD_UNKNOWN_BYTES = 1 << 14;

const FIRST_CAPACITY = 16;

/**
 * The dynamic table of one direction, as far as it is known. Entries count from the newest, so all that were inserted since we
 * joined are exact whatever stands before them: those are the *tail*, which is unknown.
 *
 * An entry whose name stood in the tail has an unknown size, and after joining the limit is unknown too. So sizes are lower bounds
 * and the limit is an upper one: entries may stay here longer than they do at the peer, which then never asks for them; one that the
 * peer still has is dropped only to save memory, and becomes part of the tail.
 */
export class DynamicTable {
  // A ring: the entry with index i stands at `#newest - i`, modulo the capacity, which is a power of two.
  #names: Uint8Array<ArrayBuffer> = new Uint8Array(FIRST_CAPACITY);
  #nameLengths: Int32Array<ArrayBuffer> = new Int32Array(FIRST_CAPACITY);
  #sizesBytes: Int32Array<ArrayBuffer> = new Int32Array(FIRST_CAPACITY);
  #values: (string | undefined)[] = new Array(FIRST_CAPACITY).fill(undefined);
  #newest = 0;
  #count = 0;
  #sizeBytes = 0;
  #limitBytes: number;
  #heldBytes: number;
  #hasTail: boolean;

  /** @param limitBytes that of a table that is empty; absent where we join one of which nothing is known */
  constructor(limitBytes?: number) {
    this.#limitBytes = limitBytes ?? ASSUMED_LIMIT_BYTES;
    this.#heldBytes = limitBytes === undefined ? HELD_UNKNOWN_BYTES : HELD_BYTES;
    this.#hasTail = limitBytes === undefined;
  }

  /** Known entries. */
  get count(): number {
    return this.#count;
  }

  /** Of the known entries; a lower bound where a name is not known. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  get limitBytes(): number {
    return this.#limitBytes;
  }

  /** Whether entries may stand behind the known ones. */
  get hasTail(): boolean {
    return this.#hasTail;
  }

  /** Whether the entry with this index, 0 the newest, may stand in the tail. */
  mayBeInTail(index: number): boolean {
    if (!this.#hasTail || index < this.#count) return false;
    return this.#sizeBytes + (index - this.#count + 1) * ENTRY_OVERHEAD_BYTES <= this.#limitBytes;
  }

  /** A `KeptHeader`, or `UNKNOWN_NAME`. Of a known entry, as are the next two. */
  name(index: number): number {
    return this.#names[this.#slot(index)] ?? KeptHeader.other;
  }

  /** -1 where it is not known. */
  nameLength(index: number): number {
    return this.#nameLengths[this.#slot(index)] ?? 0;
  }

  /** Absent for a header that is not kept, or whose value was too long to keep. */
  value(index: number): string | undefined {
    return this.#values[this.#slot(index)];
  }

  insert(name: number, nameLength: number, value: string | undefined, valueLength: number): void {
    const sizeBytes = ENTRY_OVERHEAD_BYTES + Math.max(nameLength, 0) + valueLength;
    if (sizeBytes > this.#limitBytes) {
      // Such an entry empties the table and is not put in itself (RFC 7541, section 4.4).
      this.#drop(0);
      this.#hasTail = false;
      return;
    }
    if (this.#count === this.#names.length) this.#grow();
    this.#newest = (this.#newest + 1) & (this.#names.length - 1);
    this.#names[this.#newest] = name;
    this.#nameLengths[this.#newest] = nameLength;
    this.#sizesBytes[this.#newest] = sizeBytes;
    this.#values[this.#newest] = value;
    this.#count++;
    this.#sizeBytes += sizeBytes;
    this.#evict();
  }

  /** The peer's encoder has set a limit. */
  resize(limitBytes: number): void {
    this.#limitBytes = limitBytes;
    this.#heldBytes = HELD_BYTES;
    this.#evict();
  }

  /** An unknown number of insertions was missed, and maybe a new limit: nothing is known any more. */
  forget(): void {
    this.#drop(0);
    this.#limitBytes = ASSUMED_LIMIT_BYTES;
    this.#heldBytes = HELD_UNKNOWN_BYTES;
    this.#hasTail = true;
  }

  #evict(): void {
    while (this.#sizeBytes > this.#limitBytes) {
      this.#drop(this.#count - 1);
      this.#hasTail = false;
    }
    if (this.#hasTail && this.#sizeBytes + ENTRY_OVERHEAD_BYTES > this.#limitBytes) this.#hasTail = false;
    while (this.#sizeBytes > this.#heldBytes) {
      this.#drop(this.#count - 1);
      this.#hasTail = true;
    }
  }

  /** Leaves the newest `count` entries. */
  #drop(count: number): void {
    while (this.#count > count) {
      const slot = this.#slot(this.#count - 1);
      this.#sizeBytes -= this.#sizesBytes[slot] ?? 0;
      this.#values[slot] = undefined;
      this.#count--;
    }
  }

  #slot(index: number): number {
    return (this.#newest - index) & (this.#names.length - 1);
  }

  #grow(): void {
    const capacity = this.#names.length * 2;
    const names = new Uint8Array(capacity);
    const nameLengths = new Int32Array(capacity);
    const sizesBytes = new Int32Array(capacity);
    const values = new Array<string | undefined>(capacity).fill(undefined);
    for (let index = 0; index < this.#count; index++) {
      const from = this.#slot(index);
      const to = this.#count - 1 - index;
      names[to] = this.#names[from] ?? 0;
      nameLengths[to] = this.#nameLengths[from] ?? 0;
      sizesBytes[to] = this.#sizesBytes[from] ?? 0;
      values[to] = this.#values[from];
    }
    this.#names = names;
    this.#nameLengths = nameLengths;
    this.#sizesBytes = sizesBytes;
    this.#values = values;
    this.#newest = this.#count - 1;
  }
}
