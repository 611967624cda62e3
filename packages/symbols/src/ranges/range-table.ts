import { cut, moved } from "./columns.ts";

/**
 * Disjoint address ranges in ascending order, one 32-bit value each, in columns: 16 bytes for a range, so that a
 * hundred thousand functions cost 1.6 MB and no object.
 *
 * What the value means is up to the owner: the offset of a name in a string table or in a file.
 */
export class RangeTable {
  static readonly empty: RangeTable = new RangeTable(new Float64Array(0), new Uint32Array(0), new Uint32Array(0));

  /** First address of each range: a double, exact up to 2^53. */
  readonly starts: Float64Array;
  readonly sizesBytes: Uint32Array;
  readonly values: Uint32Array;

  /** Takes the columns as they are: the caller vouches for order and disjointness. */
  constructor(starts: Float64Array, sizesBytes: Uint32Array, values: Uint32Array) {
    this.starts = starts;
    this.sizesBytes = sizesBytes;
    this.values = values;
  }

  get length(): number {
    return this.starts.length;
  }

  get memoryBytes(): number {
    return this.starts.byteLength + this.sizesBytes.byteLength + this.values.byteLength;
  }

  /** Index of the range that holds the address, or -1. */
  find(address: number): number {
    const index = upperBound(this.starts, address) - 1;
    if (index < 0) return -1;
    return address - (this.starts[index] ?? 0) < (this.sizesBytes[index] ?? 0) ? index : -1;
  }
}

/** Number of leading elements of an ascending array that are not above the value. */
export function upperBound(ascending: ArrayLike<number>, value: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ascending[middle] ?? 0) <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Grows a {@link RangeTable} range by range; ranges that touch and have the same value become one. */
export class RangeTableBuilder {
  #starts: Float64Array<ArrayBuffer>;
  #sizesBytes: Uint32Array<ArrayBuffer>;
  #values: Uint32Array<ArrayBuffer>;
  #length = 0;

  constructor(capacity: number) {
    this.#starts = new Float64Array(capacity);
    this.#sizesBytes = new Uint32Array(capacity);
    this.#values = new Uint32Array(capacity);
  }

  /** The range [start, end), not before the end of the last one; an empty one is left out. */
  add(start: number, end: number, value: number): void {
    if (end <= start) return;
    const last = this.#length - 1;
    if (last >= 0 && this.#values[last] === value) {
      const lastStart = this.#starts[last] ?? 0;
      if (lastStart + (this.#sizesBytes[last] ?? 0) === start && end - lastStart <= 0xffff_ffff) {
        this.#sizesBytes[last] = end - lastStart;
        return;
      }
    }
    if (this.#length === this.#starts.length) this.#grow();
    this.#starts[this.#length] = start;
    this.#sizesBytes[this.#length] = Math.min(end - start, 0xffff_ffff);
    this.#values[this.#length] = value;
    this.#length++;
  }

  /** The table, which takes the builder's memory: nothing can be added any more. */
  build(): RangeTable {
    return new RangeTable(
      cut(this.#starts, this.#length),
      cut(this.#sizesBytes, this.#length),
      cut(this.#values, this.#length),
    );
  }

  #grow(): void {
    const capacity = Math.max(16, this.#length * 2);
    this.#starts = moved(this.#starts, new Float64Array(capacity));
    this.#sizesBytes = moved(this.#sizesBytes, new Uint32Array(capacity));
    this.#values = moved(this.#values, new Uint32Array(capacity));
  }
}
