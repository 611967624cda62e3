import { FormatError } from "../errors.ts";
import { type ByteSource, bytesSource, viewOf } from "./byte-source.ts";
import { NT_GNU_BUILD_ID, PT_NOTE, SHN_XINDEX, SHT_DYNSYM, SHT_NOBITS, SHT_NOTE, SHT_SYMTAB } from "./constants.ts";
import { type ElfNote, parseNotes } from "./notes.ts";
import { type ElfRelocation, parseRelocations } from "./relocations.ts";
import { StringTable } from "./string-table.ts";
import { ElfSymbolTable, readUint64, type SymbolFilter, symbolEntryBytes } from "./symbol-table.ts";

export interface ElfHeader {
  /** Only 64-bit files are read. */
  readonly class: 64;
  readonly endianness: "little" | "big";
  /** `ET_*`. */
  readonly type: number;
  /** `EM_*`. */
  readonly machine: number;
}

/** Numbers wider than 32 bits are doubles: exact up to 2^53; only addresses in kernel images have more. */
export interface ElfSection {
  readonly index: number;
  readonly name: string;
  /** `SHT_*`. */
  readonly type: number;
  /** `SHF_*`. */
  readonly flags: number;
  readonly address: number;
  readonly offset: number;
  readonly sizeBytes: number;
  readonly link: number;
  readonly info: number;
  readonly alignment: number;
  readonly entrySizeBytes: number;
}

/** A program header. */
export interface ElfSegment {
  /** `PT_*`. */
  readonly type: number;
  /** `PF_*`. */
  readonly flags: number;
  readonly offset: number;
  readonly virtualAddress: number;
  readonly fileSizeBytes: number;
  readonly memorySizeBytes: number;
  readonly alignment: number;
}

const fileHeaderBytes = 64;
const sectionHeaderBytes = 64;
const programHeaderBytes = 56;

/** Notes are small; a section that claims more than this is read only so far. */
const maxNoteBytes = 1 << 20;
/** Names of sections that are read at once. */
const smallTableBytes = 1 << 16;

/** A 64-bit ELF file of either endianness, read piece by piece as it is asked for. */
export class ElfFile {
  readonly header: ElfHeader;
  readonly sections: readonly ElfSection[];
  readonly segments: readonly ElfSegment[];
  readonly #source: ByteSource;
  readonly #littleEndian: boolean;

  private constructor(source: ByteSource) {
    const bytes = source.read(0, Math.min(fileHeaderBytes, source.sizeBytes));
    const view = viewOf(bytes);
    if (bytes.byteLength < 16 || view.getUint32(0, false) !== 0x7f454c46) throw new FormatError("not an ELF file");
    if (bytes[4] !== 2) throw new FormatError("not a 64-bit ELF file");
    if (bytes[5] !== 1 && bytes[5] !== 2) throw new FormatError("ELF file of unknown endianness", { offset: 5 });
    if (bytes.byteLength < fileHeaderBytes) throw new FormatError("ELF file ends within its header");
    const littleEndian = bytes[5] === 1;
    this.#source = source;
    this.#littleEndian = littleEndian;
    this.header = {
      class: 64,
      endianness: littleEndian ? "little" : "big",
      type: view.getUint16(16, littleEndian),
      machine: view.getUint16(18, littleEndian),
    };
    this.segments = readSegments(source, view, littleEndian);
    this.sections = readSections(source, view, littleEndian);
  }

  /**
   * Reads the file's headers, and nothing else.
   *
   * @throws {FormatError} when it isn't a 64-bit ELF file, or its tables are not inside the file.
   */
  static parse(source: ByteSource | Uint8Array): ElfFile {
    return new ElfFile(source instanceof Uint8Array ? bytesSource(source) : source);
  }

  /** The first section of this name. */
  section(name: string): ElfSection | undefined {
    return this.sections.find((section) => section.name === name);
  }

  /**
   * The bytes of a section; none for sections that take no room in the file (`.bss`).
   *
   * @throws {FormatError} when they are not inside the file.
   */
  sectionData(section: ElfSection): Uint8Array {
    if (section.type === SHT_NOBITS) return new Uint8Array(0);
    return this.#source.read(section.offset, section.sizeBytes);
  }

  /**
   * The entries of a relocation section (`SHT_REL`, `SHT_RELA`).
   *
   * @throws {FormatError} when they are not inside the file.
   */
  relocations(section: ElfSection): ElfRelocation[] {
    return parseRelocations(this.sectionData(section), section.type, this.#littleEndian);
  }

  /** The notes of all note sections, or of all note segments where the file has no section headers. */
  *notes(): Generator<ElfNote> {
    const fromSections = this.sections.filter((section) => section.type === SHT_NOTE);
    const ranges =
      fromSections.length > 0
        ? fromSections
        : this.segments
            .filter((segment) => segment.type === PT_NOTE)
            .map(({ offset, fileSizeBytes, alignment }) => ({ offset, sizeBytes: fileSizeBytes, alignment }));
    for (const { offset, sizeBytes, alignment } of ranges) {
      const bytes = this.#source.read(offset, Math.min(sizeBytes, maxNoteBytes));
      yield* parseNotes(bytes, this.#littleEndian, alignment === 8 ? 8 : 4);
    }
  }

  /** The build id in lower-case hexadecimal, as the linker wrote it; undefined where it wrote none. */
  buildId(): string | undefined {
    for (const { name, type, descriptor } of this.notes()) {
      if (name === "GNU" && type === NT_GNU_BUILD_ID) return Buffer.from(descriptor).toString("hex");
    }
    return undefined;
  }

  /** Where `.gnu_debuglink` says that the debugging information is: a file name, and the CRC-32 of that file. */
  debugLink(): { readonly fileName: string; readonly crc32: number } | undefined {
    const section = this.section(".gnu_debuglink");
    if (section === undefined) return undefined;
    const bytes = this.sectionData(section);
    const end = bytes.indexOf(0);
    const crcOffset = Math.ceil((end + 1) / 4) * 4;
    if (end <= 0 || crcOffset + 4 > bytes.byteLength) {
      throw new FormatError(".gnu_debuglink is not a file name and a checksum", { offset: section.offset });
    }
    return {
      fileName: new TextDecoder().decode(bytes.subarray(0, end)),
      crc32: viewOf(bytes).getUint32(crcOffset, this.#littleEndian),
    };
  }

  /**
   * The symbols of `.symtab` (all, absent in stripped files) or `.dynsym` (what is imported and exported).
   *
   * @param filter keeps only the symbols it says true to; their index is then no longer that of the file.
   * @throws {FormatError} when the table or its strings are not inside the file.
   */
  symbolTable(which: "symtab" | "dynsym", filter?: SymbolFilter): ElfSymbolTable | undefined {
    const type = which === "symtab" ? SHT_SYMTAB : SHT_DYNSYM;
    const section = this.sections.find((candidate) => candidate.type === type);
    if (section === undefined) return undefined;
    const strings = this.sections[section.link];
    if (strings === undefined) throw new FormatError(`${section.name} has no string table`, { offset: section.offset });
    const entryCount = Math.floor(section.sizeBytes / symbolEntryBytes);
    if (section.offset + section.sizeBytes > this.#source.sizeBytes) {
      throw new FormatError(`${section.name} is beyond the end of the file`, { offset: section.offset });
    }
    const stringTable = new StringTable(this.#source, strings.offset, strings.sizeBytes);
    return ElfSymbolTable.read(this.#source, section.offset, entryCount, this.#littleEndian, stringTable, filter);
  }
}

function readSegments(source: ByteSource, header: DataView, littleEndian: boolean): ElfSegment[] {
  const tableOffset = readUint64(header, 32, littleEndian);
  const entryBytes = header.getUint16(54, littleEndian);
  const count = header.getUint16(56, littleEndian);
  if (tableOffset === 0 || count === 0) return [];
  if (entryBytes < programHeaderBytes) throw new FormatError("ELF program headers are too small", { offset: 54 });
  const view = viewOf(source.read(tableOffset, entryBytes * count));
  return Array.from({ length: count }, (_, index) => {
    const at = index * entryBytes;
    return {
      type: view.getUint32(at, littleEndian),
      flags: view.getUint32(at + 4, littleEndian),
      offset: readUint64(view, at + 8, littleEndian),
      virtualAddress: readUint64(view, at + 16, littleEndian),
      fileSizeBytes: readUint64(view, at + 32, littleEndian),
      memorySizeBytes: readUint64(view, at + 40, littleEndian),
      alignment: readUint64(view, at + 48, littleEndian),
    };
  });
}

/**
 * Of an executable some hundred bytes in all: one read instead of one for each section. An object that has a section for
 * each function is read a name at a time.
 */
function sectionNames(source: ByteSource, offset: number, sizeBytes: number): StringTable {
  const isSmall = sizeBytes <= smallTableBytes && offset + sizeBytes <= source.sizeBytes;
  return isSmall
    ? new StringTable(bytesSource(source.read(offset, sizeBytes)), 0, sizeBytes)
    : new StringTable(source, offset, sizeBytes);
}

function readSections(source: ByteSource, header: DataView, littleEndian: boolean): ElfSection[] {
  const tableOffset = readUint64(header, 40, littleEndian);
  if (tableOffset === 0) return [];
  const entryBytes = header.getUint16(58, littleEndian);
  if (entryBytes < sectionHeaderBytes) throw new FormatError("ELF section headers are too small", { offset: 58 });
  let count = header.getUint16(60, littleEndian);
  let namesIndex = header.getUint16(62, littleEndian);
  if (count === 0 || namesIndex === SHN_XINDEX) {
    // Too many sections for 16 bits: the numbers are in the first section header.
    const first = viewOf(source.read(tableOffset, sectionHeaderBytes));
    if (count === 0) count = readUint64(first, 32, littleEndian);
    if (namesIndex === SHN_XINDEX) namesIndex = first.getUint32(40, littleEndian);
  }
  const view = viewOf(source.read(tableOffset, entryBytes * count));
  const namesAt = namesIndex * entryBytes;
  const names =
    namesIndex > 0 && namesIndex < count
      ? sectionNames(source, readUint64(view, namesAt + 24, littleEndian), readUint64(view, namesAt + 32, littleEndian))
      : undefined;
  return Array.from({ length: count }, (_, index) => {
    const at = index * entryBytes;
    return {
      index,
      name: names?.at(view.getUint32(at, littleEndian)) ?? "",
      type: view.getUint32(at + 4, littleEndian),
      flags: readUint64(view, at + 8, littleEndian),
      address: readUint64(view, at + 16, littleEndian),
      offset: readUint64(view, at + 24, littleEndian),
      sizeBytes: readUint64(view, at + 32, littleEndian),
      link: view.getUint32(at + 40, littleEndian),
      info: view.getUint32(at + 44, littleEndian),
      alignment: readUint64(view, at + 48, littleEndian),
      entrySizeBytes: readUint64(view, at + 56, littleEndian),
    };
  });
}
