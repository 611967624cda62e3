/** A function, as a symbol table has it. */
export interface TestSymbol {
  readonly name: string;
  readonly address: number;
  /** Of the section that it is in; 0 for one that is imported. */
  readonly section?: number;
  readonly local?: boolean;
}

const HEADER_BYTES = 64;
const SECTION_BYTES = 64;
const SEGMENT_BYTES = 56;
const SYMBOL_BYTES = 24;

/** A 64-bit library with these functions. What is at 0x1000 and above of its memory, is at 0x1000 and above in the file. */
export function elfFile(symbols: readonly TestSymbol[], table: "dynsym" | "symtab"): Uint8Array {
  const strings = Buffer.from(`\0${symbols.map(({ name }) => `${name}\0`).join("")}`, "latin1");
  const symbolsAt = HEADER_BYTES + SEGMENT_BYTES + 3 * SECTION_BYTES;
  const stringsAt = symbolsAt + (symbols.length + 1) * SYMBOL_BYTES;
  const bytes = Buffer.alloc(0x2000);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  bytes.writeUInt16LE(3, 16); // ET_DYN
  bytes.writeUInt16LE(62, 18);
  bytes.writeBigUInt64LE(BigInt(HEADER_BYTES), 32);
  bytes.writeBigUInt64LE(BigInt(HEADER_BYTES + SEGMENT_BYTES), 40);
  bytes.writeUInt16LE(SEGMENT_BYTES, 54);
  bytes.writeUInt16LE(1, 56);
  bytes.writeUInt16LE(SECTION_BYTES, 58);
  bytes.writeUInt16LE(3, 60);
  // One segment that is mapped to run.
  bytes.writeUInt32LE(1, HEADER_BYTES);
  bytes.writeUInt32LE(5, HEADER_BYTES + 4);
  for (const at of [8, 16]) bytes.writeBigUInt64LE(0x1000n, HEADER_BYTES + at);
  for (const at of [32, 40]) bytes.writeBigUInt64LE(0x1000n, HEADER_BYTES + at);
  const section = (index: number, type: number, offset: number, size: number, link: number): void => {
    const at = HEADER_BYTES + SEGMENT_BYTES + index * SECTION_BYTES;
    bytes.writeUInt32LE(type, at + 4);
    bytes.writeBigUInt64LE(BigInt(offset), at + 24);
    bytes.writeBigUInt64LE(BigInt(size), at + 32);
    bytes.writeUInt32LE(link, at + 40);
  };
  section(1, table === "dynsym" ? 11 : 2, symbolsAt, (symbols.length + 1) * SYMBOL_BYTES, 2);
  section(2, 3, stringsAt, strings.length, 0);
  bytes.set(strings, stringsAt);
  for (const [index, { name, address, section: inSection = 1, local = false }] of symbols.entries()) {
    const at = symbolsAt + (index + 1) * SYMBOL_BYTES;
    bytes.writeUInt32LE(strings.indexOf(`\0${name}\0`, 0, "latin1") + 1, at);
    bytes[at + 4] = ((local ? 0 : 1) << 4) | 2;
    bytes.writeUInt16LE(inSection, at + 6);
    bytes.writeBigUInt64LE(BigInt(address), at + 8);
  }
  return bytes;
}
