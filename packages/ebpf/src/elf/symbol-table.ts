import type { ByteSource } from "./byte-source.ts";
import type { StringTable } from "./string-table.ts";

export const symbolEntryBytes = 24;

/** 32-bit words of an entry, as {@link symbolBlocks} gives them. */
export const symbolEntryWords: number = symbolEntryBytes / 4;

/** Entries for each read of the file, some 64 KB: the raw table of a large binary is never in memory as a whole. */
const entriesPerRead = 2730;

const hostIsLittleEndian = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

/**
 * The raw entries (`Elf64_Sym`) of a symbol table, a block of them at a time, in words as a little-endian file has them:
 *
 * ```
 * 0      1                        2         3          4        5
 * | name | info, other << 8, section << 16 | value low | high | size low | high |
 * ```
 *
 * Words, since V8's Maglev reads those of a typed array in a tenth of the time that a DataView takes. A block is good
 * until the next one is asked for: they share their memory.
 *
 * @throws {FormatError} when the table is not inside the file.
 */
export function* symbolBlocks(
  source: ByteSource,
  offset: number,
  entryCount: number,
  littleEndian: boolean,
): Generator<Uint32Array> {
  const words = new Uint32Array(Math.min(entriesPerRead, entryCount) * symbolEntryWords);
  const scratch = new Uint8Array(words.buffer);
  for (let first = 0; first < entryCount; first += entriesPerRead) {
    const sizeBytes = Math.min(entriesPerRead, entryCount - first) * symbolEntryBytes;
    const bytes = source.read(offset + first * symbolEntryBytes, sizeBytes, scratch);
    if (bytes.buffer !== words.buffer) scratch.set(bytes);
    const block = words.subarray(0, sizeBytes / 4);
    if (!littleEndian || !hostIsLittleEndian) arrange(block, littleEndian);
    yield block;
  }
}

/** From the bytes of a file to what {@link symbolBlocks} gives. */
function arrange(words: Uint32Array, littleEndian: boolean): void {
  const view = new DataView(words.buffer, words.byteOffset, words.byteLength);
  const [low, high] = littleEndian ? [0, 4] : [4, 0];
  for (let word = 0; word < words.length; word += symbolEntryWords) {
    const at = word * 4;
    const section = view.getUint16(at + 6, littleEndian);
    const entry = [
      view.getUint32(at, littleEndian),
      view.getUint8(at + 4) | (view.getUint8(at + 5) << 8) | (section << 16),
      view.getUint32(at + 8 + low, littleEndian),
      view.getUint32(at + 8 + high, littleEndian),
      view.getUint32(at + 16 + low, littleEndian),
      view.getUint32(at + 16 + high, littleEndian),
    ];
    words.set(entry, word);
  }
}

/** Chooses symbols while a table is read, by what its columns will hold. */
export type SymbolFilter = (type: number, sectionIndex: number, sizeBytes: number) => boolean;

/**
 * A symbol table in columns: one typed array for each property, no object per symbol. Names are read when asked for.
 *
 * Index `i` is the same symbol in every column. Without a filter it is also the symbol's index in the file, which is
 * what relocations refer to.
 */
export class ElfSymbolTable {
  /** Number of symbols kept. */
  readonly count: number;
  readonly nameOffsets: Uint32Array;
  /**
   * `st_value`: virtual address, or offset in the section for relocatable objects. Exact up to 2^53; only kernel images
   * have more.
   */
  readonly values: Float64Array;
  readonly sizesBytes: Float64Array;
  /** `st_info`: type in the low 4 bits, binding in the high 4 bits. */
  readonly infos: Uint8Array;
  /** `st_other`: visibility in the low 2 bits. */
  readonly others: Uint8Array;
  readonly sectionIndexes: Uint16Array;
  readonly #strings: StringTable;

  private constructor(capacity: number, strings: StringTable, fill: (columns: Columns) => number) {
    const columns: Columns = {
      nameOffsets: new Uint32Array(capacity),
      values: new Float64Array(capacity),
      sizesBytes: new Float64Array(capacity),
      infos: new Uint8Array(capacity),
      others: new Uint8Array(capacity),
      sectionIndexes: new Uint16Array(capacity),
    };
    const count = fill(columns);
    this.count = count;
    this.nameOffsets = cut(columns.nameOffsets, count);
    this.values = cut(columns.values, count);
    this.sizesBytes = cut(columns.sizesBytes, count);
    this.infos = cut(columns.infos, count);
    this.others = cut(columns.others, count);
    this.sectionIndexes = cut(columns.sectionIndexes, count);
    this.#strings = strings;
  }

  /** Reads `entryCount` entries from `offset` of the source; the caller has checked that they lie inside. */
  static read(
    source: ByteSource,
    offset: number,
    entryCount: number,
    littleEndian: boolean,
    strings: StringTable,
    filter?: SymbolFilter,
  ): ElfSymbolTable {
    return new ElfSymbolTable(entryCount, strings, (columns) => {
      let kept = 0;
      for (const words of symbolBlocks(source, offset, entryCount, littleEndian)) {
        for (let word = 0; word < words.length; word += symbolEntryWords) {
          const traits = words[word + 1] ?? 0;
          const info = traits & 0xff;
          const sectionIndex = traits >>> 16;
          const sizeBytes = uint64At(words, word + 4);
          if (filter !== undefined && !filter(info & 0xf, sectionIndex, sizeBytes)) continue;
          columns.nameOffsets[kept] = words[word] ?? 0;
          columns.infos[kept] = info;
          columns.others[kept] = (traits >>> 8) & 0xff;
          columns.sectionIndexes[kept] = sectionIndex;
          columns.values[kept] = uint64At(words, word + 2);
          columns.sizesBytes[kept] = sizeBytes;
          kept++;
        }
      }
      return kept;
    });
  }

  /**
   * Name of symbol `index`, empty for symbols without one (sections).
   *
   * @throws {FormatError} when the name's offset is not in the string table.
   */
  name(index: number): string {
    return this.#strings.at(this.nameOffsets[index] ?? 0);
  }

  /** `STT_*`. */
  type(index: number): number {
    return (this.infos[index] ?? 0) & 0xf;
  }

  /** `STB_*`. */
  binding(index: number): number {
    return (this.infos[index] ?? 0) >> 4;
  }

  /** `STV_*`. */
  visibility(index: number): number {
    return (this.others[index] ?? 0) & 3;
  }
}

interface Columns {
  readonly nameOffsets: Uint32Array<ArrayBuffer>;
  readonly values: Float64Array<ArrayBuffer>;
  readonly sizesBytes: Float64Array<ArrayBuffer>;
  readonly infos: Uint8Array<ArrayBuffer>;
  readonly others: Uint8Array<ArrayBuffer>;
  readonly sectionIndexes: Uint16Array<ArrayBuffer>;
}

/** The first `count` elements in memory of their own; that of the whole column, megabytes maybe, is given back at once. */
function cut<Column extends Columns[keyof Columns]>(column: Column, count: number): Column {
  if (count === column.length) return column;
  const kept = column.slice(0, count) as Column;
  column.buffer.transfer(0);
  return kept;
}

/** The 64-bit number in two words, as {@link readUint64} has it. */
export function uint64At(words: Uint32Array, word: number): number {
  return (words[word + 1] ?? 0) * 0x1_0000_0000 + (words[word] ?? 0);
}

/** A 64-bit number as a double: exact up to 2^53, and without the allocation of a bigint. */
export function readUint64(view: DataView, offset: number, littleEndian: boolean): number {
  const first = view.getUint32(offset, littleEndian);
  const second = view.getUint32(offset + 4, littleEndian);
  return littleEndian ? second * 0x1_0000_0000 + first : first * 0x1_0000_0000 + second;
}
