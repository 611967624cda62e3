import { FormatError } from "../errors.ts";
import { type BtfHeader, headerRange, parseBtfHeader } from "./header.ts";

/** One record of `.BTF.ext`, at its byte offset in the section that it is about. */
export interface ExtensionFunction {
  readonly byteOffset: number;
  readonly typeId: number;
}

export interface ExtensionLine {
  readonly byteOffset: number;
  readonly fileNameOffset: number;
  readonly lineOffset: number;
  readonly lineNumber: number;
  readonly columnNumber: number;
}

export interface ExtensionRelocation {
  readonly byteOffset: number;
  readonly typeId: number;
  /** String offset in the object's BTF. */
  readonly accessStringOffset: number;
  readonly kind: number;
}

/** `.BTF.ext`: what the compiler says about single instructions, by name of the section they are in. */
export interface BtfExtension {
  readonly functions: ReadonlyMap<string, readonly ExtensionFunction[]>;
  readonly lines: ReadonlyMap<string, readonly ExtensionLine[]>;
  readonly relocations: ReadonlyMap<string, readonly ExtensionRelocation[]>;
}

const minimumHeaderBytes = 24;
const headerWithRelocationsBytes = 32;

/** @throws {FormatError} when a table is not inside the bytes or a record is too small. */
export function parseBtfExtension(bytes: Uint8Array, sectionName: (stringOffset: number) => string): BtfExtension {
  const header = parseBtfHeader(bytes, ".BTF.ext", minimumHeaderBytes);
  const { view, littleEndian } = header;
  const u32 = (at: number): number => view.getUint32(at, littleEndian);
  return {
    functions: readTable(header, sectionName, "function", 8, 8, (at) => ({ byteOffset: u32(at), typeId: u32(at + 4) })),
    lines: readTable(header, sectionName, "line", 16, 16, (at) => ({
      byteOffset: u32(at),
      fileNameOffset: u32(at + 4),
      lineOffset: u32(at + 8),
      lineNumber: u32(at + 12) >>> 10,
      columnNumber: u32(at + 12) & 0x3ff,
    })),
    relocations:
      header.headerBytes < headerWithRelocationsBytes
        ? new Map()
        : readTable(header, sectionName, "CO-RE", 24, 16, (at) => ({
            byteOffset: u32(at),
            typeId: u32(at + 4),
            accessStringOffset: u32(at + 8),
            kind: u32(at + 12),
          })),
  };
}

/** A table is the size of its records, and then for each section: its name, the number of records, the records. */
function readTable<T>(
  header: BtfHeader,
  sectionName: (stringOffset: number) => string,
  what: string,
  headerAt: number,
  minimumRecordBytes: number,
  read: (at: number) => T,
): Map<string, T[]> {
  const tables = new Map<string, T[]>();
  const { start, end } = headerRange(header, `the ${what} table of .BTF.ext`, headerAt);
  if (start === end) return tables;
  const broken = (offset: number): FormatError =>
    new FormatError(`the ${what} table of .BTF.ext is cut short`, { offset });
  if (start + 4 > end) throw broken(start);
  const recordBytes = header.view.getUint32(start, header.littleEndian);
  if (recordBytes < minimumRecordBytes) {
    throw new FormatError(`the ${what} table of .BTF.ext has records of ${recordBytes} bytes`, { offset: start });
  }
  for (let offset = start + 4; offset < end; ) {
    if (offset + 8 > end) throw broken(offset);
    const name = sectionName(header.view.getUint32(offset, header.littleEndian));
    const count = header.view.getUint32(offset + 4, header.littleEndian);
    const first = offset + 8;
    if (first + count * recordBytes > end) throw broken(offset);
    const records = Array.from({ length: count }, (_, index) => read(first + index * recordBytes));
    tables.set(name, [...(tables.get(name) ?? []), ...records]);
    offset = first + count * recordBytes;
  }
  return tables;
}
