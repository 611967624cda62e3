import {
  type ByteSource,
  type ElfFile,
  EM_AARCH64,
  EM_X86_64,
  SHT_DYNSYM,
  SHT_RELA,
  StringTable,
} from "@skep/ebpf/elf";
import { RangeTableBuilder } from "../ranges/range-table.ts";
import { FunctionTable } from "./function-table.ts";

const relocationEntryBytes = 24;
const stubBytes = 16;

/**
 * The stubs through which a file calls functions of other files: in no symbol table, but in many stacks. The names are
 * those of the functions called, without the `@plt` that tells a stub from its function.
 *
 * Stub `i` belongs to entry `i` of `.rela.plt`. On x86-64 linkers with indirect-branch tracking put the called half of
 * the stubs into `.plt.sec`; else `.plt` has them, after a header (one stub's size on x86-64, two on arm64).
 */
export function readPlt(elf: ElfFile, source: ByteSource): FunctionTable | undefined {
  const { machine } = elf.header;
  if (machine !== EM_X86_64 && machine !== EM_AARCH64) return undefined;
  const relocations = elf.section(".rela.plt");
  const called = machine === EM_X86_64 ? elf.section(".plt.sec") : undefined;
  const stubs = called ?? elf.section(".plt");
  const imported = elf.symbolTable("dynsym");
  const strings = elf.sections[elf.sections.find((section) => section.type === SHT_DYNSYM)?.link ?? -1];
  if (relocations?.type !== SHT_RELA || stubs === undefined || imported === undefined || strings === undefined) {
    return undefined;
  }
  const headerBytes = called !== undefined ? 0 : machine === EM_X86_64 ? stubBytes : 2 * stubBytes;
  const bytes = elf.sectionData(relocations);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const littleEndian = elf.header.endianness === "little";
  const count = Math.min(
    Math.floor(bytes.byteLength / relocationEntryBytes),
    Math.floor((stubs.sizeBytes - headerBytes) / stubBytes),
  );
  const ranges = new RangeTableBuilder(Math.max(0, count));
  for (let index = 0; index < count; index++) {
    // ELF64_R_SYM: the high half of r_info. Symbol 0 is an indirect function of the file itself: it has no name here.
    const symbol = view.getUint32(index * relocationEntryBytes + (littleEndian ? 12 : 8), littleEndian);
    const nameOffset = imported.nameOffsets[symbol] ?? 0;
    const start = stubs.address + headerBytes + index * stubBytes;
    if (nameOffset !== 0) ranges.add(start, start + stubBytes, nameOffset);
  }
  return new FunctionTable(ranges.build(), new StringTable(source, strings.offset, strings.sizeBytes));
}
