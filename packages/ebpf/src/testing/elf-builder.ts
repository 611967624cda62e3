import { viewOf } from "../elf/byte-source.ts";

export interface SectionToBuild {
  readonly name: string;
  readonly type: number;
  readonly data?: Uint8Array;
  readonly flags?: number;
  readonly address?: number;
  readonly link?: number;
  readonly info?: number;
  readonly alignment?: number;
  /** Where it is to differ from the data's. */
  readonly sizeBytes?: number;
}

export interface SymbolToBuild {
  readonly name: string;
  readonly info: number;
  readonly other?: number;
  readonly sectionIndex: number;
  readonly value: number;
  readonly sizeBytes?: number;
}

export interface ElfToBuild {
  readonly littleEndian?: boolean;
  readonly type?: number;
  readonly machine?: number;
  /** Section 0 and the table of section names come on top: the first one of these has index 1. */
  readonly sections?: readonly SectionToBuild[];
  readonly segments?: readonly { readonly type: number; readonly data: Uint8Array; readonly alignment?: number }[];
}

const encoder = new TextEncoder();

/** Writes a 64-bit ELF file by hand, for what the compilers of a machine don't make. */
export function buildElf({
  littleEndian = true,
  type = 1,
  machine = 247,
  sections = [],
  segments = [],
}: ElfToBuild): Uint8Array {
  const names = ["", ...sections.map(({ name }) => name), ".shstrtab"];
  const all: readonly SectionToBuild[] = [
    { name: "", type: 0 },
    ...sections,
    { name: ".shstrtab", type: 3, data: encoder.encode(names.map((name) => `${name}\0`).join("")) },
  ];
  const programHeaders = 64;
  let end = programHeaders + segments.length * 56;
  const place = (data: Uint8Array): number => {
    const offset = Math.ceil(end / 8) * 8;
    end = offset + data.byteLength;
    return offset;
  };
  const segmentOffsets = segments.map(({ data }) => place(data));
  const sectionOffsets = all.map(({ data }) => place(data ?? new Uint8Array(0)));
  const sectionHeaders = Math.ceil(end / 8) * 8;

  const bytes = new Uint8Array(sectionHeaders + all.length * 64);
  const view = viewOf(bytes);
  const u16 = (at: number, value: number): void => view.setUint16(at, value, littleEndian);
  const u32 = (at: number, value: number): void => view.setUint32(at, value, littleEndian);
  const u64 = (at: number, value: number): void => view.setBigUint64(at, BigInt(value), littleEndian);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, littleEndian ? 1 : 2, 1]);
  u16(16, type);
  u16(18, machine);
  u64(32, segments.length === 0 ? 0 : programHeaders);
  u64(40, sectionHeaders);
  u16(54, 56);
  u16(56, segments.length);
  u16(58, 64);
  u16(60, all.length);
  u16(62, all.length - 1);
  for (const [index, { type: segmentType, data, alignment = 4 }] of segments.entries()) {
    const at = programHeaders + index * 56;
    const offset = segmentOffsets[index] ?? 0;
    u32(at, segmentType);
    u64(at + 8, offset);
    u64(at + 16, 0x1000 + offset);
    u64(at + 32, data.byteLength);
    u64(at + 40, data.byteLength);
    u64(at + 48, alignment);
    bytes.set(data, offset);
  }
  let nameOffset = 0;
  for (const [index, section] of all.entries()) {
    const at = sectionHeaders + index * 64;
    const data = section.data ?? new Uint8Array(0);
    u32(at, nameOffset);
    u32(at + 4, section.type);
    u64(at + 8, section.flags ?? 0);
    u64(at + 16, section.address ?? 0);
    u64(at + 24, sectionOffsets[index] ?? 0);
    u64(at + 32, section.sizeBytes ?? data.byteLength);
    u32(at + 40, section.link ?? 0);
    u32(at + 44, section.info ?? 0);
    u64(at + 48, section.alignment ?? 1);
    bytes.set(data, sectionOffsets[index] ?? 0);
    nameOffset += section.name.length + 1;
  }
  return bytes;
}

/** Data of a symbol table, symbol 0 on top, and of its string table. */
export function symbolTableData(
  symbols: readonly SymbolToBuild[],
  littleEndian = true,
): { readonly symbols: Uint8Array; readonly strings: Uint8Array } {
  const bytes = new Uint8Array((symbols.length + 1) * 24);
  const view = viewOf(bytes);
  let strings = "\0";
  for (const [index, symbol] of symbols.entries()) {
    const at = (index + 1) * 24;
    view.setUint32(at, strings.length, littleEndian);
    view.setUint8(at + 4, symbol.info);
    view.setUint8(at + 5, symbol.other ?? 0);
    view.setUint16(at + 6, symbol.sectionIndex, littleEndian);
    view.setBigUint64(at + 8, BigInt(symbol.value), littleEndian);
    view.setBigUint64(at + 16, BigInt(symbol.sizeBytes ?? 0), littleEndian);
    strings += `${symbol.name}\0`;
  }
  return { symbols: bytes, strings: encoder.encode(strings) };
}

/** One note, padded to 4 bytes. */
export function noteData(name: string, type: number, descriptor: Uint8Array, littleEndian = true): Uint8Array {
  const nameBytes = encoder.encode(`${name}\0`);
  const padded = (length: number): number => Math.ceil(length / 4) * 4;
  const bytes = new Uint8Array(12 + padded(nameBytes.length) + padded(descriptor.length));
  const view = viewOf(bytes);
  view.setUint32(0, nameBytes.length, littleEndian);
  view.setUint32(4, descriptor.length, littleEndian);
  view.setUint32(8, type, littleEndian);
  bytes.set(nameBytes, 12);
  bytes.set(descriptor, 12 + padded(nameBytes.length));
  return bytes;
}
