import {
  type ByteSource,
  type ElfFile,
  EM_AARCH64,
  EM_X86_64,
  SHT_DYNSYM,
  SHT_RELA,
  StringTable,
  symbolBlocks,
  symbolEntryBytes,
} from "@skep/ebpf/elf";

const relocationEntryBytes = 24;
const stubBytes = 16;

/**
 * The stubs through which a file calls functions of other files: in no symbol table, but in many stacks. The names are
 * those of the functions called, without the `@plt` that tells a stub from its function.
 *
 * Stub `i` belongs to entry `i` of `.rela.plt`. On x86-64 linkers with indirect-branch tracking put the called half of
 * the stubs into `.plt.sec`; else `.plt` has them, after a header (one stub's size on x86-64, two on arm64).
 */
export class Plt {
  /** Virtual address of the first stub. */
  readonly #start: number;
  /** By stub: the index of its function in `.dynsym`; 0 is an indirect function of the file itself, and has no name. */
  readonly #symbols: Uint32Array;
  readonly #name: (symbol: number) => string;
  /** By stub; few are ever called. */
  readonly #names = new Map<number, string>();

  private constructor(start: number, symbols: Uint32Array, name: (symbol: number) => string) {
    this.#start = start;
    this.#symbols = symbols;
    this.#name = name;
  }

  /**
   * Undefined where there are none.
   *
   * @throws {FormatError} when a table is not inside the file.
   */
  static of(elf: ElfFile, source: ByteSource): Plt | undefined {
    const { machine } = elf.header;
    if (machine !== EM_X86_64 && machine !== EM_AARCH64) return undefined;
    const relocations = elf.section(".rela.plt");
    const called = machine === EM_X86_64 ? elf.section(".plt.sec") : undefined;
    const stubs = called ?? elf.section(".plt");
    const imported = elf.sections.find((section) => section.type === SHT_DYNSYM);
    const strings = elf.sections[imported?.link ?? -1];
    if (relocations?.type !== SHT_RELA || stubs === undefined || imported === undefined || strings === undefined) {
      return undefined;
    }
    const littleEndian = elf.header.endianness === "little";
    const headerBytes = called !== undefined ? 0 : machine === EM_X86_64 ? stubBytes : 2 * stubBytes;
    const bytes = elf.sectionData(relocations);
    const count = Math.min(
      Math.floor(bytes.byteLength / relocationEntryBytes),
      Math.floor((stubs.sizeBytes - headerBytes) / stubBytes),
    );
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    // ELF64_R_SYM: the high half of r_info.
    const symbols = Uint32Array.from({ length: Math.max(0, count) }, (_, index) =>
      view.getUint32(index * relocationEntryBytes + (littleEndian ? 12 : 8), littleEndian),
    );
    const names = new StringTable(source, strings.offset, strings.sizeBytes);
    const symbolCount = Math.floor(imported.sizeBytes / symbolEntryBytes);
    return new Plt(stubs.address + headerBytes, symbols, (symbol) => {
      if (symbol === 0 || symbol >= symbolCount) return "";
      const [words] = symbolBlocks(source, imported.offset + symbol * symbolEntryBytes, 1, littleEndian);
      return names.at(words?.[0] ?? 0);
    });
  }

  get memoryBytes(): number {
    return this.#symbols.byteLength;
  }

  /**
   * Name of the function that the stub at a virtual address calls.
   *
   * @throws {FormatError} when the file changed under us.
   */
  name(virtualAddress: number): string | undefined {
    const stub = Math.floor((virtualAddress - this.#start) / stubBytes);
    const symbol = this.#symbols[stub];
    if (symbol === undefined) return undefined;
    let name = this.#names.get(stub);
    if (name === undefined) {
      name = this.#name(symbol);
      this.#names.set(stub, name);
    }
    return name === "" ? undefined : name;
  }
}
