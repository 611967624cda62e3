/**
 * Typed values from bytes and back. A codec is compiled once for a type, as closures over offsets that are known then;
 * after that no BTF is looked at.
 *
 * | C                                    | JavaScript                                                  |
 * | ------------------------------------ | ----------------------------------------------------------- |
 * | integers up to 32 bits, enums        | number                                                      |
 * | 64-bit integers and enums, pointers  | bigint                                                      |
 * | bool                                 | boolean                                                     |
 * | float, double                        | number                                                      |
 * | char[n]                              | string, up to the first NUL                                 |
 * | unsigned char[n]                     | Uint8Array (a copy)                                         |
 * | other arrays                         | array                                                       |
 * | struct                               | object; members of anonymous structs and unions are its own |
 * | union                                | object with every member's reading of the bytes             |
 */

import { BpfError, FormatError } from "../errors.ts";
import type { Btf } from "./btf.ts";
import { arrayPart, bytesPart, textPart } from "./codec/arrays.ts";
import type { Part, Value } from "./codec/part.ts";
import { bitfieldPart, boolPart, floatPart, integerPart } from "./codec/scalars.ts";
import { compositePart, type Field } from "./codec/structs.ts";
import { pointerBytes, sizeOf, skipModifiers } from "./resolve.ts";
import { type BtfArray, type BtfComposite, BtfKind, type BtfMember } from "./types.ts";

export type { Value } from "./codec/part.ts";

export interface Codec {
  readonly sizeBytes: number;
  /**
   * The value at `offset` of `view`.
   *
   * @throws {BpfError} `invalid-argument` when the view ends before the value does.
   */
  decode(view: DataView, offset: number): Value;
  /**
   * Writes all of the value's bytes, padding as zeros.
   *
   * @throws {BpfError} `invalid-argument` when the value is not of the type's shape or out of its range; names the member.
   */
  encode(value: unknown, view: DataView, offset: number): void;
}

/** Deepest nesting of structs and arrays. */
const maxDepth = 32;

/** Most single values in one value: bounds the work that a hostile type can ask for. */
const maxValues = 1 << 24;

/**
 * Compiles the codec of a type.
 *
 * @throws {BpfError} `invalid-argument` for types that have no values: void, functions, forward declarations.
 * @throws {FormatError} when the type contradicts itself.
 */
export function compileCodec(btf: Btf, typeId: number): Codec {
  const part = new Compiler(btf).compile(typeId, 0);
  const { sizeBytes } = part;
  const checkView = (view: DataView, offset: number): void => {
    if (offset >= 0 && offset + sizeBytes <= view.byteLength) return;
    throw new BpfError(
      "invalid-argument",
      `a value of ${sizeBytes} bytes does not fit at offset ${offset} of ${view.byteLength} bytes`,
    );
  };
  return {
    sizeBytes,
    decode(view: DataView, offset: number): Value {
      checkView(view, offset);
      return part.decode(view, offset);
    },
    encode(value: unknown, view: DataView, offset: number): void {
      checkView(view, offset);
      new Uint8Array(view.buffer, view.byteOffset + offset, sizeBytes).fill(0);
      part.encode(value, view, offset, "");
    },
  };
}

class Compiler {
  readonly #btf: Btf;
  /** A struct that is used in several places is compiled once. */
  readonly #parts: Map<number, Part> = new Map();

  constructor(btf: Btf) {
    this.#btf = btf;
  }

  compile(typeId: number, depth: number): Part {
    const { id, type } = skipModifiers(this.#btf, typeId);
    const known = this.#parts.get(id);
    if (known !== undefined) return known;
    if (depth > maxDepth) throw new FormatError(`BTF type ${id} nests too deep, or contains itself`);
    const part = this.#compile(id, depth);
    if (part.valueCount > maxValues) throw new FormatError(`BTF type ${id} claims ${part.valueCount} values`);
    if (type.kind === BtfKind.struct || type.kind === BtfKind.union) this.#parts.set(id, part);
    return part;
  }

  #compile(id: number, depth: number): Part {
    const type = this.#btf.type(id);
    const { littleEndian } = this.#btf;
    switch (type.kind) {
      case BtfKind.int:
        return type.bool && type.sizeBytes === 1 ? boolPart : integerPart(type.sizeBytes, type.signed, littleEndian);
      case BtfKind.enum:
      case BtfKind.enum64:
        // An enum without negative values may still be marked signed by old compilers; its bytes are the same.
        return integerPart(type.sizeBytes, type.signed, littleEndian);
      case BtfKind.pointer:
        return integerPart(pointerBytes, false, littleEndian);
      case BtfKind.float:
        return floatPart(type.sizeBytes, littleEndian);
      case BtfKind.array:
        return this.#array(type, depth);
      case BtfKind.struct:
      case BtfKind.union:
        return this.#composite(id, type, depth);
      case BtfKind.variable:
        return this.compile(type.typeId, depth + 1);
      default:
        throw new BpfError("invalid-argument", `BTF type ${id} (${this.#btf.name(id) || "nameless"}) has no values`);
    }
  }

  #array(type: BtfArray, depth: number): Part {
    const element = skipModifiers(this.#btf, type.elementTypeId).type;
    if (element.kind === BtfKind.int && element.sizeBytes === 1 && !element.bool) {
      // clang marks neither char nor unsigned char as CHAR: only the name tells text from bytes.
      if (element.name === "char") return textPart(type.length);
      if (!element.signed) return bytesPart(type.length);
    }
    return arrayPart(this.compile(type.elementTypeId, depth + 1), type.length);
  }

  #composite(id: number, type: BtfComposite, depth: number): Part {
    const fields = type.members.flatMap((member) => this.#fields(member, type, id, depth));
    return compositePart(type.sizeBytes, fields, type.kind === BtfKind.union);
  }

  /** The fields that a member adds: one, or those of an anonymous struct or union. */
  #fields(member: BtfMember, owner: BtfComposite, ownerId: number, depth: number): Field[] {
    const inUnion = owner.kind === BtfKind.union;
    if (member.bitSize > 0) {
      if (member.name === "") return [];
      const { type } = skipModifiers(this.#btf, member.typeId);
      const signed = "signed" in type && type.signed;
      const wide = (sizeOf(this.#btf, member.typeId) ?? 0) > 4;
      const bool = type.kind === BtfKind.int && type.bool;
      if (member.bitOffset + member.bitSize > owner.sizeBytes * 8) throw outside(ownerId, member);
      const part = bitfieldPart(member.bitOffset, member.bitSize, { signed, wide, bool }, this.#btf.littleEndian);
      return [{ name: member.name, offset: 0, part, optional: inUnion }];
    }
    const part = this.compile(member.typeId, depth + 1);
    const offset = member.bitOffset / 8;
    if (!Number.isInteger(offset) || offset + part.sizeBytes > owner.sizeBytes) throw outside(ownerId, member);
    if (member.name !== "") return [{ name: member.name, offset, part, optional: inUnion }];
    return (part.fields ?? []).map((field) => ({
      ...field,
      offset: offset + field.offset,
      optional: inUnion || field.optional,
    }));
  }
}

function outside(ownerId: number, member: BtfMember): FormatError {
  return new FormatError(`member "${member.name}" of BTF type ${ownerId} is not inside it`);
}
