import { overlay } from "../ranges/overlay.ts";
import { RangeTable, RangeTableBuilder } from "../ranges/range-table.ts";

const newline = 0x0a;
const space = 0x20;
/** Longer lines are passed over: no compiler writes them. */
const maxLineBytes = 4096;

/**
 * The functions of a perf map, whose lines are `START SIZE NAME` with hexadecimal numbers, in the order in which they
 * were compiled.
 *
 * Code moves and is thrown away, but its line stays: of lines that overlap, the later one is true. The names stay in
 * the file; the table has their offsets.
 */
export class PerfMapTable {
  readonly #maxEntries: number;
  #ranges: RangeTable = RangeTable.empty;

  /** @param maxEntries that are kept; beyond, the oldest half is dropped. */
  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries;
  }

  get length(): number {
    return this.#ranges.length;
  }

  get memoryBytes(): number {
    return this.#ranges.memoryBytes;
  }

  /**
   * Takes in the whole lines at the start of `bytes`, which lie at `fileOffset` of the file.
   *
   * @returns how many bytes these lines are: what is left is the beginning of a line still being written.
   */
  append(bytes: Uint8Array, fileOffset: number): number {
    const batch = new BatchBuilder();
    let lineStart = 0;
    for (let lineEnd = bytes.indexOf(newline); lineEnd >= 0; lineEnd = bytes.indexOf(newline, lineStart)) {
      const entry = lineEnd - lineStart <= maxLineBytes ? parseEntry(bytes, lineStart, lineEnd) : undefined;
      if (entry !== undefined) batch.add(entry.start, entry.sizeBytes, fileOffset + entry.nameStart);
      lineStart = lineEnd + 1;
    }
    this.#ranges = overlay(this.#ranges, batch.build());
    if (this.#ranges.length > this.#maxEntries) this.#ranges = newest(this.#ranges, this.#maxEntries / 2);
    return lineStart;
  }

  /** Offset in the file of the name of the function that holds the address. */
  nameOffset(address: number): number | undefined {
    const index = this.#ranges.find(address);
    return index < 0 ? undefined : this.#ranges.values[index];
  }

  clear(): void {
    this.#ranges = RangeTable.empty;
  }
}

interface Entry {
  readonly start: number;
  readonly sizeBytes: number;
  readonly nameStart: number;
}

/** `START SIZE NAME`; numbers with or without `0x`. */
function parseEntry(bytes: Uint8Array, lineStart: number, lineEnd: number): Entry | undefined {
  const startEnd = bytes.indexOf(space, lineStart);
  if (startEnd < 0 || startEnd >= lineEnd) return undefined;
  const sizeEnd = bytes.indexOf(space, startEnd + 1);
  if (sizeEnd < 0 || sizeEnd + 1 >= lineEnd) return undefined;
  const start = parseHex(bytes, lineStart, startEnd);
  const sizeBytes = parseHex(bytes, startEnd + 1, sizeEnd);
  if (start === undefined || sizeBytes === undefined || sizeBytes === 0 || sizeBytes > 0xffff_ffff) return undefined;
  return { start, sizeBytes, nameStart: sizeEnd + 1 };
}

function parseHex(bytes: Uint8Array, start: number, end: number): number | undefined {
  const from = bytes[start] === 0x30 && ((bytes[start + 1] ?? 0) | 0x20) === 0x78 ? start + 2 : start;
  let value = 0;
  for (let at = from; at < end; at++) {
    const digit = hexDigit(bytes[at] ?? 0);
    if (digit === undefined) return undefined;
    value = value * 16 + digit;
  }
  return from < end && Number.isSafeInteger(value) ? value : undefined;
}

function hexDigit(byte: number): number | undefined {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : undefined;
}

/**
 * Makes one table of entries in any order, the later over the earlier. Runs of entries that ascend without overlap, as
 * compilers mostly write them, become tables of their own; these are laid over each other pairwise, neighbours first,
 * so that the whole is n log n.
 */
class BatchBuilder {
  readonly #tables: RangeTable[] = [];
  #run = new RangeTableBuilder(64);
  #runEnd = 0;
  #runLength = 0;

  add(start: number, sizeBytes: number, value: number): void {
    if (start < this.#runEnd) this.#endRun();
    this.#run.add(start, start + sizeBytes, value);
    this.#runEnd = start + sizeBytes;
    this.#runLength++;
  }

  build(): RangeTable {
    this.#endRun();
    let merged = this.#tables.pop() ?? RangeTable.empty;
    for (let older = this.#tables.pop(); older !== undefined; older = this.#tables.pop())
      merged = overlay(older, merged);
    return merged;
  }

  #endRun(): void {
    if (this.#runLength === 0) return;
    let table = this.#run.build();
    // Merging only tables of like size bounds the work: each entry is copied once for each doubling.
    for (
      let older = this.#tables.at(-1);
      older !== undefined && older.length <= table.length;
      older = this.#tables.at(-1)
    ) {
      this.#tables.pop();
      table = overlay(older, table);
    }
    this.#tables.push(table);
    this.#run = new RangeTableBuilder(64);
    this.#runEnd = 0;
    this.#runLength = 0;
  }
}

/** The entries that were written last: their names are further on in the file. */
function newest(ranges: RangeTable, count: number): RangeTable {
  const oldestKept = ranges.values.toSorted()[ranges.length - Math.floor(count)] ?? 0;
  const kept = new RangeTableBuilder(Math.ceil(count));
  for (let index = 0; index < ranges.length; index++) {
    const start = ranges.starts[index] ?? 0;
    const value = ranges.values[index] ?? 0;
    if (value >= oldestKept) kept.add(start, start + (ranges.sizesBytes[index] ?? 0), value);
  }
  return kept.build();
}
