/** A symbol of the file to build. */
export interface SymbolToBuild {
  readonly name: string;
  readonly value: number;
  readonly sizeBytes: number;
  /** Default 2, a function. */
  readonly type?: number;
  /** Default 1, global. */
  readonly binding?: number;
  /** Name of a section; default `.text`. */
  readonly section?: string;
}

export interface ElfToBuild {
  /** Where the code is loaded, and of what size it is; default 0x1000 and 0x1000. */
  readonly textAddress?: number;
  readonly textSizeBytes?: number;
  readonly symtab?: readonly SymbolToBuild[];
  readonly dynsym?: readonly SymbolToBuild[];
  readonly buildId?: string;
  readonly debugLink?: { readonly fileName: string; readonly crc32: number };
  /** Indexes in `dynsym` (from 1) of the functions that the stubs of `.plt.sec` call. */
  readonly plt?: readonly number[];
}

interface Section {
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  readonly address: number;
  readonly bytes: Uint8Array;
  readonly link?: string;
}

export const pltAddress = 0x9000;

/** Bytes of a small x86-64 ELF file. The code begins at file offset 0x1000. */
export function buildElf(elf: ElfToBuild): Uint8Array {
  const textAddress = elf.textAddress ?? 0x1000;
  const text = new Uint8Array(elf.textSizeBytes ?? 0x1000);
  const sections: Section[] = [{ name: ".text", type: 1, flags: 6, address: textAddress, bytes: text }];
  sections.push({ name: ".data", type: 1, flags: 3, address: 0x8000, bytes: new Uint8Array(16) });
  if (elf.plt !== undefined) {
    const bytes = new Uint8Array(16 * elf.plt.length);
    sections.push({ name: ".plt.sec", type: 1, flags: 6, address: pltAddress, bytes });
    sections.push({ name: ".rela.plt", type: 4, flags: 2, address: 0, bytes: relocations(elf.plt) });
  }
  const names = sections.map(({ name }) => name);
  for (const [name, strings, type, symbols] of [
    [".symtab", ".strtab", 2, elf.symtab],
    [".dynsym", ".dynstr", 11, elf.dynsym],
  ] as const) {
    if (symbols === undefined) continue;
    const table = symbolTable(symbols, names);
    sections.push({ name, type, flags: 0, address: 0, bytes: table.symbols, link: strings });
    sections.push({ name: strings, type: 3, flags: 0, address: 0, bytes: table.strings });
  }
  if (elf.buildId !== undefined) {
    const bytes = note("GNU", 3, Buffer.from(elf.buildId, "hex"));
    sections.push({ name: ".note.gnu.build-id", type: 7, flags: 2, address: 0, bytes });
  }
  if (elf.debugLink !== undefined) {
    const name = Buffer.from(`${elf.debugLink.fileName}\0`);
    const bytes = new Uint8Array(Math.ceil(name.length / 4) * 4 + 4);
    bytes.set(name);
    new DataView(bytes.buffer).setUint32(bytes.length - 4, elf.debugLink.crc32, true);
    sections.push({ name: ".gnu_debuglink", type: 1, flags: 0, address: 0, bytes });
  }
  return layOut(sections, textAddress);
}

function layOut(sections: readonly Section[], textAddress: number): Uint8Array {
  const all: Section[] = [{ name: "", type: 0, flags: 0, address: 0, bytes: new Uint8Array(0) }, ...sections];
  const nameBytes = Buffer.from(`${[...all, { name: ".shstrtab" }].map(({ name }) => name).join("\0")}\0`);
  all.push({ name: ".shstrtab", type: 3, flags: 0, address: 0, bytes: nameBytes });
  const offsets: number[] = [];
  let end = 0x1000;
  for (const { bytes, type } of all) {
    offsets.push(type === 0 ? 0 : end);
    end = Math.ceil((end + bytes.length) / 16) * 16;
  }
  const file = new Uint8Array(end + 64 * all.length);
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 3, true);
  view.setUint16(18, 62, true);
  view.setUint32(20, 1, true);
  view.setBigUint64(32, 64n, true);
  view.setBigUint64(40, BigInt(end), true);
  view.setUint16(52, 64, true);
  view.setUint16(54, 56, true);
  view.setUint16(56, 1, true);
  view.setUint16(58, 64, true);
  view.setUint16(60, all.length, true);
  view.setUint16(62, all.length - 1, true);
  const text = all[1]?.bytes.length ?? 0;
  // One PT_LOAD, readable and executable.
  view.setUint32(64, 1, true);
  view.setUint32(68, 5, true);
  view.setBigUint64(72, 0x1000n, true);
  view.setBigUint64(80, BigInt(textAddress), true);
  view.setBigUint64(88, BigInt(textAddress), true);
  view.setBigUint64(96, BigInt(text), true);
  view.setBigUint64(104, BigInt(text), true);
  view.setBigUint64(112, 0x1000n, true);
  let nameOffset = 0;
  for (const [index, section] of all.entries()) {
    const offset = offsets[index] ?? 0;
    file.set(section.bytes, offset);
    const at = end + 64 * index;
    view.setUint32(at, nameOffset, true);
    nameOffset += section.name.length + 1;
    view.setUint32(at + 4, section.type, true);
    view.setBigUint64(at + 8, BigInt(section.flags), true);
    view.setBigUint64(at + 16, BigInt(section.address), true);
    view.setBigUint64(at + 24, BigInt(offset), true);
    view.setBigUint64(at + 32, BigInt(section.bytes.length), true);
    view.setUint32(at + 40, section.link === undefined ? 0 : all.findIndex(({ name }) => name === section.link), true);
    view.setBigUint64(at + 48, 4n, true);
  }
  return file;
}

function symbolTable(
  symbols: readonly SymbolToBuild[],
  sectionNames: readonly string[],
): { readonly symbols: Uint8Array; readonly strings: Uint8Array } {
  const bytes = new Uint8Array(24 * (symbols.length + 1));
  const view = new DataView(bytes.buffer);
  let strings = "\0";
  for (const [index, symbol] of symbols.entries()) {
    const at = 24 * (index + 1);
    view.setUint32(at, Buffer.byteLength(strings), true);
    strings += `${symbol.name}\0`;
    view.setUint8(at + 4, ((symbol.binding ?? 1) << 4) | (symbol.type ?? 2));
    const section = symbol.section ?? ".text";
    view.setUint16(at + 6, section === "undefined" ? 0 : sectionNames.indexOf(section) + 1, true);
    view.setBigUint64(at + 8, BigInt(symbol.value), true);
    view.setBigUint64(at + 16, BigInt(symbol.sizeBytes), true);
  }
  return { symbols: bytes, strings: Buffer.from(strings) };
}

function relocations(symbols: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(24 * symbols.length);
  const view = new DataView(bytes.buffer);
  for (const [index, symbol] of symbols.entries()) {
    view.setUint32(24 * index + 8, 7, true);
    view.setUint32(24 * index + 12, symbol, true);
  }
  return bytes;
}

function note(name: string, type: number, descriptor: Uint8Array): Uint8Array {
  const nameBytes = Buffer.from(`${name}\0`);
  const padded = Math.ceil(nameBytes.length / 4) * 4;
  const bytes = new Uint8Array(12 + padded + descriptor.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, nameBytes.length, true);
  view.setUint32(4, descriptor.length, true);
  view.setUint32(8, type, true);
  bytes.set(nameBytes, 12);
  bytes.set(descriptor, 12 + padded);
  return bytes;
}
