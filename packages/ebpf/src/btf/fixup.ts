import { viewOf } from "../elf/byte-source.ts";
import { FormatError } from "../errors.ts";
import { Btf } from "./btf.ts";
import { type BtfDataSection, BtfKind, BtfLinkage } from "./types.ts";

/** What the linker knows, and the compiler did not when it wrote the BTF. */
export interface ObjectLayout {
  /** Size of an ELF section; undefined where there is none of the name. */
  readonly sectionSize: (name: string) => number | undefined;
  /** Offset in its section of a global variable; undefined where there is no such symbol. */
  readonly symbolOffset: (sectionName: string, symbolName: string) => number | undefined;
  /** The symbol is global, but hidden: it is to be checked by the verifier like a static one. */
  readonly isHidden: (symbolName: string) => boolean;
}

/**
 * Completes the BTF of an object: clang leaves the sizes of data sections and the offsets of global variables at 0, for
 * the loader to fill in. Hidden functions and variables become static. Extern declarations become types that mean nothing,
 * since the kernel accepts no extern in BTF.
 *
 * @returns a copy; the original is not changed.
 * @throws {FormatError} when a variable of a section has no symbol.
 */
export function completeObjectBtf(btf: Btf, layout: ObjectLayout): Btf {
  const bytes = btf.bytes.slice();
  const view = viewOf(bytes);
  for (let id = 1; id < btf.typeCount; id++) {
    const offset = btf.typeOffset(id);
    const kind = btf.kind(id);
    if (offset === undefined) continue;
    const type =
      kind === BtfKind.dataSection || kind === BtfKind.function || kind === BtfKind.variable ? btf.type(id) : undefined;
    switch (type?.kind) {
      case BtfKind.dataSection:
        completeDataSection(view, btf, offset, type, layout);
        break;
      case BtfKind.function:
        if (type.linkage === BtfLinkage.extern) setInfo(view, btf, offset, BtfKind.typedef, 0);
        else if (layout.isHidden(type.name)) setInfo(view, btf, offset, BtfKind.function, BtfLinkage.static);
        break;
      case BtfKind.variable:
        if (type.linkage === BtfLinkage.extern) {
          setInfo(view, btf, offset, BtfKind.int, 0);
          view.setUint32(offset + 8, 4, btf.littleEndian);
          view.setUint32(offset + 12, 32, btf.littleEndian);
        } else if (layout.isHidden(type.name)) {
          view.setUint32(offset + 12, BtfLinkage.static, btf.littleEndian);
        }
        break;
      default:
        break;
    }
  }
  return Btf.parse(bytes, btf.base);
}

function completeDataSection(
  view: DataView,
  btf: Btf,
  offset: number,
  section: BtfDataSection,
  layout: ObjectLayout,
): void {
  const sizeBytes = layout.sectionSize(section.name);
  if (sizeBytes === undefined) {
    // `.ksyms` and `.kconfig` are declarations alone: a list of externs without a section.
    neutralise(view, btf, offset, section);
    return;
  }
  view.setUint32(offset + 8, sizeBytes, btf.littleEndian);
  const placed = section.variables.map((variable) => {
    const type = btf.type(variable.typeId);
    if (type.kind !== BtfKind.variable) {
      throw new FormatError(`data section ${section.name} in BTF lists type ${variable.typeId}, which is no variable`);
    }
    // Those of static variables are right already: their symbols are local and may not be unique.
    if (type.linkage !== BtfLinkage.global) return variable;
    const offsetBytes = layout.symbolOffset(section.name, type.name);
    if (offsetBytes === undefined) {
      throw new FormatError(`variable ${type.name} of section ${section.name} has no symbol`);
    }
    return { ...variable, offsetBytes };
  });
  // The kernel wants them in ascending order (btf_datasec_check_meta).
  placed.sort((a, b) => a.offsetBytes - b.offsetBytes);
  for (const [index, { typeId, offsetBytes, sizeBytes: variableBytes }] of placed.entries()) {
    const at = offset + 12 + index * 12;
    view.setUint32(at, typeId, btf.littleEndian);
    view.setUint32(at + 4, offsetBytes, btf.littleEndian);
    view.setUint32(at + 8, variableBytes, btf.littleEndian);
  }
}

/** A data section becomes an anonymous union of nameless integers: as many bytes, and no meaning. */
function neutralise(view: DataView, btf: Btf, offset: number, section: BtfDataSection): void {
  const integer = firstOfKind(btf, BtfKind.int);
  if (integer === undefined) throw new FormatError(`data section ${section.name} in BTF without any integer type`);
  view.setUint32(offset, 0, btf.littleEndian);
  setInfo(view, btf, offset, BtfKind.union, section.variables.length);
  view.setUint32(offset + 8, 16, btf.littleEndian);
  for (let index = 0; index < section.variables.length; index++) {
    const at = offset + 12 + index * 12;
    view.setUint32(at, 0, btf.littleEndian);
    view.setUint32(at + 4, integer, btf.littleEndian);
    view.setUint32(at + 8, 0, btf.littleEndian);
  }
}

function firstOfKind(btf: Btf, kind: BtfKind): number | undefined {
  for (let id = 1; id < btf.typeCount; id++) if (btf.kind(id) === kind) return id;
  return undefined;
}

function setInfo(view: DataView, btf: Btf, offset: number, kind: BtfKind, vlen: number): void {
  view.setUint32(offset + 4, (kind << 24) | vlen, btf.littleEndian);
}
