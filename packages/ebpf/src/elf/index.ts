/** Reading ELF files: BPF objects, and users' binaries of any size. */

export { type ByteSource, bytesSource } from "./byte-source.ts";
export * from "./constants.ts";
export { ElfFile, type ElfHeader, type ElfSection, type ElfSegment } from "./elf-file.ts";
export { fileSource } from "./file-source.ts";
export { type ElfNote, parseNotes } from "./notes.ts";
export type { ElfRelocation } from "./relocations.ts";
export { StringTable } from "./string-table.ts";
export {
  ElfSymbolTable,
  type SymbolFilter,
  symbolBlocks,
  symbolEntryBytes,
  symbolEntryWords,
  uint64At,
} from "./symbol-table.ts";
