import type { Btf } from "../btf/btf.ts";
import { BtfKind, BtfLinkage } from "../btf/types.ts";
import type { ElfFile, ElfSection } from "../elf/elf-file.ts";
import { FormatError } from "../errors.ts";
import { MapFlag, MapType } from "../sys/uapi.ts";
import type { MapSpec, VariableSpec } from "./spec.ts";

/**
 * Most that a `.bss` may claim. Its size is a mere number in the file: without a limit a few bytes of object could ask
 * for gigabytes of memory.
 */
const maxZeroedBytes = 64 << 20;

/** `.rodata`, `.data`, `.bss`, and their `.x` variants such as `.rodata.str1.1`. */
export function isDataSection(name: string): boolean {
  return /^\.(rodata|data|bss)(\.|$)/.test(name);
}

/** The array map of one element that holds a section of global variables; undefined for empty sections. */
export function dataSectionMap(file: ElfFile, section: ElfSection, btf: Btf | undefined): MapSpec | undefined {
  if (section.sizeBytes === 0) return undefined;
  const readOnly = section.name.startsWith(".rodata");
  const contents = section.name.startsWith(".bss") ? zeroed(section) : new Uint8Array(file.sectionData(section));
  const description = describe(btf, section.name);
  return {
    name: section.name,
    type: MapType.ARRAY,
    keySizeBytes: 4,
    valueSizeBytes: contents.byteLength,
    maxEntries: 1,
    // A section of static variables alone (locks, timers) is not for user space to look into, and the kernel refuses to
    // map memory that holds locks.
    flags: (readOnly ? MapFlag.RDONLY_PROG : 0) | (description.hasGlobals ? MapFlag.MMAPABLE : 0),
    keyTypeId: 0,
    valueTypeId: description.typeId,
    inner: undefined,
    data: { sectionName: section.name, contents, readOnly, variables: description.variables },
  };
}

function zeroed(section: ElfSection): Uint8Array {
  if (section.sizeBytes > maxZeroedBytes) {
    throw new FormatError(`section ${section.name} claims ${section.sizeBytes} bytes of global variables`);
  }
  return new Uint8Array(section.sizeBytes);
}

interface Description {
  /** Of the DATASEC; 0 where there is none (string literals, objects without BTF). */
  readonly typeId: number;
  readonly variables: ReadonlyMap<string, VariableSpec>;
  readonly hasGlobals: boolean;
}

function describe(btf: Btf | undefined, sectionName: string): Description {
  const variables = new Map<string, VariableSpec>();
  const typeId = btf?.findByName(sectionName, BtfKind.dataSection) ?? 0;
  const section = btf?.type(typeId);
  let hasGlobals = false;
  if (btf === undefined || section?.kind !== BtfKind.dataSection) return { typeId: 0, variables, hasGlobals };
  for (const { typeId: variableId, offsetBytes, sizeBytes } of section.variables) {
    const variable = btf.type(variableId);
    if (variable.kind !== BtfKind.variable) {
      throw new FormatError(`section ${sectionName} lists BTF type ${variableId}, which is no variable`);
    }
    if (offsetBytes + sizeBytes > section.sizeBytes) {
      throw new FormatError(`variable ${variable.name} is not inside section ${sectionName}`);
    }
    hasGlobals ||= variable.linkage !== BtfLinkage.static;
    variables.set(variable.name, { name: variable.name, offsetBytes, sizeBytes, typeId: variable.typeId });
  }
  return { typeId, variables, hasGlobals };
}
