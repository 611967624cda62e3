import type { Btf } from "../btf/btf.ts";
import type { CoreRelocation } from "../btf/core-relocation.ts";
import { type BtfExtension, parseBtfExtension } from "../btf/extension.ts";
import { viewOf } from "../elf/byte-source.ts";
import { SHF_EXECINSTR, SHT_PROGBITS, SHT_REL, SHT_RELA, STB_LOCAL, STT_FUNC } from "../elf/constants.ts";
import type { ElfFile, ElfSection } from "../elf/elf-file.ts";
import type { ElfSymbolTable } from "../elf/symbol-table.ts";
import { FormatError } from "../errors.ts";
import type { FunctionInfo, LineInfo } from "./spec.ts";

export const instructionBytes = 8;

/** A function's place in its section, in instructions. */
export interface CodeFunction {
  readonly name: string;
  readonly section: CodeSection;
  readonly start: number;
  readonly count: number;
  /** Static functions can only be called; global ones are programs, if they are not in `.text`. */
  readonly isLocal: boolean;
}

/** An executable section, and what is known about its instructions. Instruction indexes count from its start. */
export interface CodeSection {
  readonly name: string;
  readonly index: number;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** By the instruction that they start at, in ascending order; they do not overlap. */
  readonly functions: ReadonlyMap<number, CodeFunction>;
  /** Symbol index of the relocation of an instruction. */
  readonly symbols: ReadonlyMap<number, number>;
  readonly functionInfos: readonly FunctionInfo[];
  readonly lines: readonly LineInfo[];
  readonly coreRelocations: readonly CoreRelocation[];
}

/** Reads all executable sections. */
export function readCode(file: ElfFile, symbols: ElfSymbolTable, btf: Btf | undefined): Map<number, CodeSection> {
  const extensionSection = file.section(".BTF.ext");
  const extension =
    btf === undefined || extensionSection === undefined
      ? undefined
      : parseBtfExtension(file.sectionData(extensionSection), (offset) => btf.string(offset));
  const code = new Map<number, CodeSection>();
  for (const section of file.sections) {
    if (section.type !== SHT_PROGBITS || (section.flags & SHF_EXECINSTR) === 0 || section.sizeBytes === 0) continue;
    code.set(section.index, readSection(file, section, symbols, btf, extension));
  }
  return code;
}

function readSection(
  file: ElfFile,
  section: ElfSection,
  symbols: ElfSymbolTable,
  btf: Btf | undefined,
  extension: BtfExtension | undefined,
): CodeSection {
  const bytes = file.sectionData(section);
  if (bytes.byteLength % instructionBytes !== 0) {
    throw new FormatError(`section ${section.name} is not a whole number of instructions`, { offset: section.offset });
  }
  const indexOf = (byteOffset: number): number => {
    if (byteOffset % instructionBytes !== 0 || byteOffset >= bytes.byteLength) {
      throw new FormatError(`there is no instruction at byte ${byteOffset} of section ${section.name}`);
    }
    return byteOffset / instructionBytes;
  };
  const functions = new Map<number, CodeFunction>();
  const code: CodeSection = {
    name: section.name,
    index: section.index,
    bytes,
    view: viewOf(bytes),
    functions,
    symbols: readRelocations(file, section, indexOf),
    functionInfos: (extension?.functions.get(section.name) ?? []).map(({ byteOffset, typeId }) => ({
      instructionIndex: indexOf(byteOffset),
      typeId,
    })),
    lines: (extension?.lines.get(section.name) ?? []).map(({ byteOffset, ...line }) => ({
      instructionIndex: indexOf(byteOffset),
      ...line,
    })),
    coreRelocations: (extension?.relocations.get(section.name) ?? []).map((record) => ({
      instructionIndex: indexOf(record.byteOffset),
      kind: record.kind,
      typeId: record.typeId,
      accessString: btf?.string(record.accessStringOffset) ?? "",
    })),
  };
  let end = 0;
  for (const found of readFunctions(code, symbols, indexOf)) {
    if (found.start < end) throw new FormatError(`function ${found.name} of section ${section.name} overlaps another`);
    end = found.start + found.count;
    functions.set(found.start, found);
  }
  return code;
}

function readFunctions(
  section: CodeSection,
  symbols: ElfSymbolTable,
  indexOf: (byteOffset: number) => number,
): CodeFunction[] {
  const functions: CodeFunction[] = [];
  for (let index = 0; index < symbols.count; index++) {
    if (symbols.sectionIndexes[index] !== section.index || symbols.type(index) !== STT_FUNC) continue;
    const start = indexOf(symbols.values[index] ?? 0);
    const count = (symbols.sizesBytes[index] ?? 0) / instructionBytes;
    const name = symbols.name(index);
    if (count === 0 || !Number.isInteger(count) || (start + count) * instructionBytes > section.bytes.byteLength) {
      throw new FormatError(`function ${name} is not inside section ${section.name}`);
    }
    functions.push({ name, section, start, count, isLocal: symbols.binding(index) === STB_LOCAL });
  }
  return functions.sort((a, b) => a.start - b.start);
}

function readRelocations(
  file: ElfFile,
  section: ElfSection,
  indexOf: (byteOffset: number) => number,
): Map<number, number> {
  const symbols = new Map<number, number>();
  for (const relocations of file.sections) {
    if ((relocations.type !== SHT_REL && relocations.type !== SHT_RELA) || relocations.info !== section.index) continue;
    for (const { offset, symbolIndex } of file.relocations(relocations)) symbols.set(indexOf(offset), symbolIndex);
  }
  return symbols;
}
