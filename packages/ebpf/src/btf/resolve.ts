import { FormatError } from "../errors.ts";
import type { Btf } from "./btf.ts";
import { BtfKind, type BtfType } from "./types.ts";

/** Longest chain of typedefs, qualifiers and arrays that is followed; libbpf's MAX_RESOLVE_DEPTH. */
const maxDepth = 32;

/** On every architecture that Skep loads programs on, and in BPF itself. */
export const pointerBytes = 8;

export interface ResolvedType {
  readonly id: number;
  readonly type: BtfType;
}

/**
 * The type behind typedefs, `const`, `volatile`, `restrict` and type tags.
 *
 * @throws {FormatError} when they go in a circle or there is no such type.
 */
export function skipModifiers(btf: Btf, id: number): ResolvedType {
  let current = id;
  // Type tags can stack up on real kernels, so the limit is wider than for sizes.
  for (let depth = 0; depth < 2 * maxDepth; depth++) {
    const type = btf.type(current);
    switch (type.kind) {
      case BtfKind.typedef:
      case BtfKind.volatile:
      case BtfKind.const:
      case BtfKind.restrict:
      case BtfKind.typeTag:
        current = type.typeId;
        break;
      default:
        return { id: current, type };
    }
  }
  throw new FormatError(`BTF type ${id} is a chain of typedefs without an end`);
}

/**
 * Size of a type in bytes, as `sizeof` has it; undefined for types without a size (void, functions, forward
 * declarations).
 *
 * @throws {FormatError} when the type refers to itself, or its size is beyond 2^32.
 */
export function sizeOf(btf: Btf, id: number): number | undefined {
  let elements = 1;
  let current = id;
  for (let depth = 0; depth < maxDepth; depth++) {
    const type = btf.type(current);
    switch (type.kind) {
      case BtfKind.int:
      case BtfKind.struct:
      case BtfKind.union:
      case BtfKind.enum:
      case BtfKind.enum64:
      case BtfKind.float:
      case BtfKind.dataSection:
        return checkedSize(id, elements * type.sizeBytes);
      case BtfKind.pointer:
        return checkedSize(id, elements * pointerBytes);
      case BtfKind.typedef:
      case BtfKind.volatile:
      case BtfKind.const:
      case BtfKind.restrict:
      case BtfKind.typeTag:
      case BtfKind.variable:
      case BtfKind.declarationTag:
        current = type.typeId;
        break;
      case BtfKind.array:
        elements *= type.length;
        current = type.elementTypeId;
        break;
      case BtfKind.void:
      case BtfKind.forward:
      case BtfKind.function:
      case BtfKind.functionPrototype:
        return undefined;
      default:
        return type satisfies never;
    }
  }
  throw new FormatError(`the size of BTF type ${id} cannot be told: it refers to itself`);
}

function checkedSize(id: number, sizeBytes: number): number {
  if (sizeBytes <= 0xffff_ffff) return sizeBytes;
  throw new FormatError(`BTF type ${id} claims a size of ${sizeBytes} bytes`);
}
