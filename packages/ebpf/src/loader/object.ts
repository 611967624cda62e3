import { Btf } from "../btf/btf.ts";
import { completeObjectBtf, type ObjectLayout } from "../btf/fixup.ts";
import { BtfKind } from "../btf/types.ts";
import {
  EM_BPF,
  ET_REL,
  SHN_UNDEF,
  SHT_REL,
  SHT_RELA,
  STB_LOCAL,
  STB_WEAK,
  STT_SECTION,
  STV_HIDDEN,
  STV_INTERNAL,
} from "../elf/constants.ts";
import { ElfFile } from "../elf/elf-file.ts";
import type { ElfSymbolTable } from "../elf/symbol-table.ts";
import { BpfError, FormatError } from "../errors.ts";
import { type CodeFunction, type CodeSection, readCode } from "./code.ts";
import { dataSectionMap, isDataSection } from "./data-sections.ts";
import { type LinkTarget, linkProgram, type ResolveSymbol } from "./linker.ts";
import { parseMapDefinitions } from "./map-definitions.ts";
import { sectionMeaning } from "./section-names.ts";
import type { CollectionSpec, MapSpec, ProgramSpec } from "./spec.ts";

const decoder = new TextDecoder();

/** Every program gets its own copy of the subprograms it calls; a hostile object could make that any number of bytes. */
const maxProgramBytes = 128 << 20;

/**
 * Reads a BPF object file, as clang writes it for `-target bpf`.
 *
 * @throws {FormatError} when the bytes are not a 64-bit little-endian BPF object, or contradict themselves.
 * @throws {BpfError} `relocation` when a program refers to something that the object doesn't have; `not-supported` for
 *   features of BPF objects that this library doesn't know yet.
 */
export function parseObject(bytes: Uint8Array): CollectionSpec {
  const file = ElfFile.parse(bytes);
  checkHeader(file);
  const symbols = file.symbolTable("symtab");
  if (symbols === undefined) throw new FormatError("the object has no symbol table");
  const rawBtf = readBtf(file);
  const btf = rawBtf === undefined ? undefined : completeObjectBtf(rawBtf, objectLayout(file, symbols));
  const maps = new Map<string, MapSpec>();
  const mapsByOffset = new Map<number, string>();

  const mapsSection = file.section(".maps");
  if (mapsSection !== undefined) {
    if (btf === undefined) throw new FormatError("the object defines maps, but has no BTF to describe them (clang -g)");
    for (const { spec, offsetBytes } of parseMapDefinitions(btf).values()) {
      maps.set(spec.name, spec);
      mapsByOffset.set(offsetBytes, spec.name);
    }
  }
  for (const section of file.sections) {
    if (!isDataSection(section.name)) continue;
    const map = dataSectionMap(file, section, btf);
    if (map !== undefined) maps.set(map.name, map);
  }
  refusePointersInData(file);

  const code = readCode(file, symbols, btf);
  const resolve = symbolResolver(file, symbols, code, mapsByOffset, kernelSettings(rawBtf));
  const programs = new Map<string, ProgramSpec>();
  let totalBytes = 0;
  for (const section of code.values()) {
    for (const entry of section.functions.values()) {
      if (section.name === ".text" || entry.isLocal) continue;
      const program = programSpec(entry, resolve);
      programs.set(program.name, program);
      totalBytes += program.instructions.byteLength;
      if (totalBytes > maxProgramBytes) {
        throw new BpfError(
          "not-supported",
          `the object's programs take more than ${maxProgramBytes} bytes when linked`,
        );
      }
    }
  }
  return { license: readLicense(file), btf, maps, programs };
}

function checkHeader(file: ElfFile): void {
  if (file.header.machine !== EM_BPF || file.header.type !== ET_REL) {
    throw new FormatError("the ELF file is not a BPF object (clang -target bpf -c)");
  }
  if (file.header.endianness === "big")
    throw new FormatError("the BPF object is big-endian; only little-endian is loaded");
  // libbpf 1.0 dropped them too.
  if (file.section("maps") !== undefined) {
    throw new BpfError("not-supported", "the object defines maps in the old way (section maps)", {
      hint: 'define them with BTF instead: struct { __uint(type, ...); ... } name SEC(".maps")',
    });
  }
}

function readLicense(file: ElfFile): string {
  const section = file.section("license");
  if (section === undefined) return "";
  const bytes = file.sectionData(section);
  const end = bytes.indexOf(0);
  return decoder.decode(end < 0 ? bytes : bytes.subarray(0, end));
}

function readBtf(file: ElfFile): Btf | undefined {
  const section = file.section(".BTF");
  return section === undefined ? undefined : Btf.parse(file.sectionData(section));
}

/** What the ELF file knows about sections and global symbols, to complete the BTF with. */
function objectLayout(file: ElfFile, symbols: ElfSymbolTable): ObjectLayout {
  const offsets = new Map<string, number>();
  const hidden = new Set<string>();
  for (let index = 0; index < symbols.count; index++) {
    if (symbols.binding(index) === STB_LOCAL) continue;
    const name = symbols.name(index);
    const visibility = symbols.visibility(index);
    offsets.set(`${file.sections[symbols.sectionIndexes[index] ?? 0]?.name}\0${name}`, symbols.values[index] ?? 0);
    if (visibility === STV_HIDDEN || visibility === STV_INTERNAL) hidden.add(name);
  }
  return {
    sectionSize: (name) => file.section(name)?.sizeBytes,
    symbolOffset: (sectionName, symbolName) => offsets.get(`${sectionName}\0${symbolName}`),
    isHidden: (name) => hidden.has(name),
  };
}

/** Names of the `__kconfig` externs: variables of a section `.kconfig`, which is in BTF alone. */
function kernelSettings(btf: Btf | undefined): ReadonlySet<string> {
  const id = btf?.findByName(".kconfig", BtfKind.dataSection);
  const section = id === undefined ? undefined : btf?.type(id);
  if (btf === undefined || section?.kind !== BtfKind.dataSection) return new Set();
  return new Set(section.variables.map(({ typeId }) => btf.name(typeId)));
}

/** A variable that is initialised with an address would silently be 0: there is no address before load. */
function refusePointersInData(file: ElfFile): void {
  for (const relocations of file.sections) {
    if (relocations.type !== SHT_REL && relocations.type !== SHT_RELA) continue;
    const name = file.sections[relocations.info]?.name ?? "";
    if (relocations.sizeBytes === 0 || (name !== ".maps" && !isDataSection(name))) continue;
    throw new BpfError(
      "not-supported",
      name === ".maps"
        ? "the object gives maps their initial contents, which is not supported yet"
        : `section ${name} holds addresses of other symbols, which is not supported`,
    );
  }
}

function symbolResolver(
  file: ElfFile,
  symbols: ElfSymbolTable,
  code: ReadonlyMap<number, CodeSection>,
  mapsByOffset: ReadonlyMap<number, string>,
  settings: ReadonlySet<string>,
): ResolveSymbol {
  return (index: number): LinkTarget => {
    if (index >= symbols.count) throw new FormatError(`a relocation names symbol ${index}, which does not exist`);
    const sectionIndex = symbols.sectionIndexes[index] ?? SHN_UNDEF;
    const byteOffset = symbols.values[index] ?? 0;
    if (sectionIndex === SHN_UNDEF) return externTarget(symbols.name(index), symbols.binding(index), settings);
    const section = file.sections[sectionIndex];
    const inCode = code.get(sectionIndex);
    if (inCode !== undefined) return { kind: "code", section: inCode, byteOffset };
    const described = (): string =>
      symbols.type(index) === STT_SECTION ? `section ${section?.name}` : `symbol ${symbols.name(index)}`;
    if (section?.name === ".maps") {
      const mapName = mapsByOffset.get(byteOffset);
      if (mapName === undefined) throw new BpfError("relocation", `${described()} is in .maps, but is no map`);
      return { kind: "map", mapName };
    }
    if (section !== undefined && isDataSection(section.name)) {
      return { kind: "variable", mapName: section.name, byteOffset };
    }
    throw new BpfError("relocation", `a program refers to ${described()}, which is neither code, map nor variable`);
  };
}

/** A symbol that the kernel is to provide. */
function externTarget(name: string, binding: number, settings: ReadonlySet<string>): LinkTarget {
  if (settings.has(name)) {
    throw new BpfError(
      "not-supported",
      `the object reads kernel setting "${name}" (__kconfig), which is not supported yet`,
    );
  }
  // Missing is what a weak symbol may be: its address is 0.
  if (binding === STB_WEAK) return { kind: "weakExtern", name };
  throw new BpfError(
    "not-supported",
    `the object refers to "${name}" of the kernel (__ksym), which is not supported yet`,
  );
}

function programSpec(entry: CodeFunction, resolve: ResolveSymbol): ProgramSpec {
  const optional = entry.section.name.startsWith("?");
  const sectionName = optional ? entry.section.name.slice(1) : entry.section.name;
  const meaning = sectionMeaning(sectionName);
  return {
    name: entry.name,
    sectionName,
    type: meaning?.type ?? 0,
    expectedAttachType: meaning?.expectedAttachType ?? 0,
    attachTo: meaning?.attachTo,
    flags: meaning?.flags ?? 0,
    optional,
    ...linkProgram(entry, resolve),
  };
}
