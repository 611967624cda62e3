import { viewOf } from "./byte-source.ts";
import { SHT_RELA } from "./constants.ts";
import { readUint64 } from "./symbol-table.ts";

/** One entry of a relocation section. */
export interface ElfRelocation {
  /** In the section that the relocations are for. */
  readonly offset: number;
  /** `R_*`, by machine. */
  readonly type: number;
  readonly symbolIndex: number;
}

/** The entries of a `SHT_REL` or `SHT_RELA` section; explicit addends are not read, BPF objects have none. */
export function parseRelocations(bytes: Uint8Array, sectionType: number, littleEndian: boolean): ElfRelocation[] {
  const entryBytes = sectionType === SHT_RELA ? 24 : 16;
  const view = viewOf(bytes);
  return Array.from({ length: Math.floor(bytes.byteLength / entryBytes) }, (_, index) => {
    const at = index * entryBytes;
    // r_info is one 64-bit number: the symbol in its upper half, the type in its lower.
    const upper = littleEndian ? at + 12 : at + 8;
    const lower = littleEndian ? at + 8 : at + 12;
    return {
      offset: readUint64(view, at, littleEndian),
      type: view.getUint32(lower, littleEndian),
      symbolIndex: view.getUint32(upper, littleEndian),
    };
  });
}
