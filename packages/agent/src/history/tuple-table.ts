import type { Fill } from "./string-table.ts";

const INITIAL_ROWS = 256;
/** Of the hash: at least two slots of 4 bytes for each row, and up to twice as many for a power of two. */
const SLOT_BYTES_PER_ROW = 16;

/**
 * Tuples of `width` numbers stored once and referred to by row, within a bound. Row 0 is the tuple of zeros.
 *
 * Columns and an open-addressing hash in typed arrays: 8 to 16 bytes for a row beside its numbers, where a `Map` takes
 * about 40 and an object for each row as much again.
 */
export class TupleTable {
  readonly width: number;
  readonly #maximumRows: number;
  #values: Int32Array;
  #slots: Int32Array;
  #size = 0;

  constructor(width: number, limitBytes: number) {
    this.width = width;
    this.#maximumRows = Math.max(1, Math.floor(limitBytes / (4 * width + SLOT_BYTES_PER_ROW)));
    const rows = Math.min(INITIAL_ROWS, this.#maximumRows);
    this.#values = new Int32Array(rows * width);
    this.#slots = emptySlots(rows);
    this.add(Array.from({ length: width }, () => 0));
  }

  get size(): number {
    return this.#size;
  }

  get fill(): Fill {
    return {
      sizeBytes: this.#values.byteLength + this.#slots.byteLength,
      fullness: this.#size / this.#maximumRows,
    };
  }

  /** The row of the tuple; undefined where it is new and there is no room. */
  add(tuple: readonly number[]): number | undefined {
    let slot = this.#slotOf(tuple);
    const known = this.#slots[slot] ?? -1;
    if (known >= 0) return known;
    const row = this.#size;
    if (row === this.#maximumRows) return undefined;
    if ((row + 1) * this.width > this.#values.length) {
      this.#resize(Math.min(this.#maximumRows, row * 2));
      slot = this.#slotOf(tuple);
    }
    for (let column = 0; column < this.width; column++) this.#values[row * this.width + column] = tuple[column] ?? 0;
    this.#slots[slot] = row;
    this.#size++;
    return row;
  }

  get(row: number, column: number): number {
    const value = row < this.#size ? this.#values[row * this.width + column] : undefined;
    if (value === undefined) throw new RangeError(`there is no row ${row}`);
    return value;
  }

  /**
   * Forgets all but those marked with 1, gives the new row of each of them, and lets `renumber` put new numbers in
   * place of old ones: in `tuple`, which it changes. Rows keep their order.
   */
  keep(used: Uint8Array, renumber: (tuple: Int32Array, renumbered: Int32Array) => void): Int32Array {
    used[0] = 1;
    const renumbered = new Int32Array(this.#size);
    let kept = 0;
    for (let row = 0; row < this.#size; row++) {
      if (used[row] !== 1) continue;
      renumbered[row] = kept;
      this.#values.copyWithin(kept * this.width, row * this.width, (row + 1) * this.width);
      renumber(this.#values.subarray(kept * this.width, (kept + 1) * this.width), renumbered);
      kept++;
    }
    this.#size = kept;
    this.#resize(Math.min(this.#maximumRows, Math.max(INITIAL_ROWS, kept)));
    return renumbered;
  }

  #resize(rows: number): void {
    const values = new Int32Array(rows * this.width);
    values.set(this.#values.subarray(0, Math.min(values.length, this.#values.length)));
    this.#values = values;
    this.#slots = emptySlots(rows);
    for (let row = 0; row < this.#size; row++) {
      this.#slots[this.#slotOf(values.subarray(row * this.width, (row + 1) * this.width))] = row;
    }
  }

  /** Where the tuple is, or where it would go: linear probing. */
  #slotOf(tuple: ArrayLike<number>): number {
    const mask = this.#slots.length - 1;
    let hash = 0x811c9dc5;
    for (let column = 0; column < this.width; column++) hash = mix(hash ^ (tuple[column] ?? 0));
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const row = this.#slots[slot] ?? -1;
      if (row < 0 || this.#equals(row, tuple)) return slot;
    }
  }

  #equals(row: number, tuple: ArrayLike<number>): boolean {
    for (let column = 0; column < this.width; column++) {
      if (this.#values[row * this.width + column] !== tuple[column]) return false;
    }
    return true;
  }
}

function emptySlots(rows: number): Int32Array {
  return new Int32Array(2 ** Math.ceil(Math.log2(Math.max(2, rows * 2)))).fill(-1);
}

/** The finalizer of MurmurHash3: neighbouring numbers, as rows are, end far apart. */
function mix(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
