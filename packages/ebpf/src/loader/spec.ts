/**
 * What an object file asks for, before any kernel is involved.
 *
 * A spec is a pure function of the object's bytes: parsing the same file gives the same spec on every machine. All
 * that depends on the host (CO-RE relocation, file descriptors of maps, BTF sanitising, sizes taken from the number of
 * CPUs) happens when a `Collection` is loaded from it.
 */

import type { Btf } from "../btf/btf.ts";
import type { CoreRelocation } from "../btf/core-relocation.ts";

export interface CollectionSpec {
  /** Contents of the `license` section, such as `Dual BSD/GPL`; the kernel allows GPL-only helpers by it. */
  readonly license: string;
  /**
   * The object's own BTF, with the sizes and offsets of its DATASECs filled in, and without externs. Absent for objects
   * without BTF.
   */
  readonly btf: Btf | undefined;
  readonly maps: ReadonlyMap<string, MapSpec>;
  readonly programs: ReadonlyMap<string, ProgramSpec>;
}

export interface MapSpec {
  readonly name: string;
  /** `BPF_MAP_TYPE_*` number. */
  readonly type: number;
  readonly keySizeBytes: number;
  readonly valueSizeBytes: number;
  /** 0 where the object leaves it to the loader (per-CPU arrays of perf events, sizes set before load). */
  readonly maxEntries: number;
  /** `BPF_F_*` creation flags. */
  readonly flags: number;
  /** Type ids in the object's BTF; 0 where unknown. */
  readonly keyTypeId: number;
  readonly valueTypeId: number;
  /** Template of the inner map of an array or hash of maps. */
  readonly inner: MapSpec | undefined;
  /** Set for `.rodata`, `.data`, `.bss` and their `.x` variants: these maps hold the object's global variables. */
  readonly data: DataSectionSpec | undefined;
}

export interface DataSectionSpec {
  readonly sectionName: string;
  /** Initial contents, of the map's value size. */
  readonly contents: Uint8Array;
  /** `.rodata`: frozen after it was filled, so that the verifier may prune by its values. */
  readonly readOnly: boolean;
  readonly variables: ReadonlyMap<string, VariableSpec>;
}

export interface VariableSpec {
  readonly name: string;
  readonly offsetBytes: number;
  readonly sizeBytes: number;
  /** Type id in the object's BTF; 0 without BTF. */
  readonly typeId: number;
}

/** What kind of program it is and where it belongs: all that is needed of its spec once it is loaded. */
export interface ProgramHook {
  /** Name of the C function. */
  readonly name: string;
  /** ELF section, such as `tp_btf/sched_switch`, without the `?` of optional ones; decides type and target. */
  readonly sectionName: string;
  /** `BPF_PROG_TYPE_*` number; 0 where the section's name tells none, which is an error only when it is loaded. */
  readonly type: number;
  /** `BPF_*` attach type the kernel wants to know at load; 0 where it doesn't. */
  readonly expectedAttachType: number;
  /** What follows the first slash in the section's name: `sched_switch` of `tp_btf/sched_switch`. */
  readonly attachTo: string | undefined;
}

export interface ProgramSpec extends ProgramHook {
  /** `BPF_F_SLEEPABLE` and others that the section's name asks for. */
  readonly flags: number;
  /** Section was written `?name`: only loaded when asked for. */
  readonly optional: boolean;
  /** Linked instructions, 8 bytes each: the function, then every subprogram it reaches; calls between them resolved. */
  readonly instructions: Uint8Array;
  /** `ldimm64` instructions that need a map's descriptor. */
  readonly mapReferences: readonly MapReference[];
  /** CO-RE records, `instructionIndex` counted in `instructions`. */
  readonly coreRelocations: readonly CoreRelocation[];
  /** `bpf_func_info` records for the kernel. */
  readonly functions: readonly FunctionInfo[];
  /** `bpf_line_info` records for the kernel and for readable verifier errors. */
  readonly lines: readonly LineInfo[];
}

export interface MapReference {
  readonly instructionIndex: number;
  readonly mapName: string;
  /** Offset into the map's value for a global variable (BPF_PSEUDO_MAP_VALUE); undefined for the map itself. */
  readonly valueOffset: number | undefined;
}

export interface FunctionInfo {
  readonly instructionIndex: number;
  readonly typeId: number;
}

export interface LineInfo {
  readonly instructionIndex: number;
  /** Offsets into the string section of the object's BTF. */
  readonly fileNameOffset: number;
  readonly lineOffset: number;
  readonly lineNumber: number;
  readonly columnNumber: number;
}
