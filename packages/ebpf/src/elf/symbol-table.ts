import { type ByteSource, viewOf } from "./byte-source.ts";
import type { StringTable } from "./string-table.ts";

export const symbolEntryBytes = 24;

/** Entries decoded for each read of the file, so that the raw table of a large binary is never in memory as a whole. */
const entriesPerRead = 8192;

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
      const scratch = new Uint8Array(Math.min(entriesPerRead, entryCount) * symbolEntryBytes);
      for (let first = 0; first < entryCount; first += entriesPerRead) {
        const entries = Math.min(entriesPerRead, entryCount - first);
        const view = viewOf(source.read(offset + first * symbolEntryBytes, entries * symbolEntryBytes, scratch));
        for (let entry = 0; entry < entries * symbolEntryBytes; entry += symbolEntryBytes) {
          const info = view.getUint8(entry + 4);
          const sectionIndex = view.getUint16(entry + 6, littleEndian);
          const sizeBytes = readUint64(view, entry + 16, littleEndian);
          if (filter !== undefined && !filter(info & 0xf, sectionIndex, sizeBytes)) continue;
          columns.nameOffsets[kept] = view.getUint32(entry, littleEndian);
          columns.infos[kept] = info;
          columns.others[kept] = view.getUint8(entry + 5);
          columns.sectionIndexes[kept] = sectionIndex;
          columns.values[kept] = readUint64(view, entry + 8, littleEndian);
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

/** A 64-bit number as a double: exact up to 2^53, and without the allocation of a bigint. */
export function readUint64(view: DataView, offset: number, littleEndian: boolean): number {
  const first = view.getUint32(offset, littleEndian);
  const second = view.getUint32(offset + 4, littleEndian);
  return littleEndian ? second * 0x1_0000_0000 + first : first * 0x1_0000_0000 + second;
}
