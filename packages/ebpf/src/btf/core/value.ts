import { BpfError } from "../../errors.ts";
import type { Btf } from "../btf.ts";
import { sizeOf, skipModifiers } from "../resolve.ts";
import { BtfKind } from "../types.ts";
import { isComposite, isEnum } from "./compatibility.ts";
import { describeSpec } from "./describe.ts";
import { CoreRelocationKind } from "./kinds.ts";
import type { CoreSpec } from "./spec.ts";

/** What is to be done to an instruction. */
export interface CoreResult {
  /** The target has no such thing: the instruction is made invalid. */
  readonly poison: boolean;
  /** What the instruction should hold now, as 64 bits; only compared if {@link validate}. */
  readonly oldValue: bigint;
  /** What it is to hold, as 64 bits. */
  readonly newValue: bigint;
  readonly validate: boolean;
  /** Set when the accessed field's size differs between the object and the target. */
  readonly size: SizeChange | undefined;
}

export interface SizeChange {
  readonly oldBytes: number;
  readonly newBytes: number;
  /**
   * Whether a load or store of another width still sees the same value: so for pointers and for unsigned integers, which
   * are zero-extended.
   */
  readonly safe: boolean;
}

interface FieldValue {
  readonly value: number;
  /** Of the memory access; set for byte offsets of fields that aren't bitfields. */
  readonly access: { readonly sizeBytes: number; readonly btf: Btf; readonly typeId: number } | undefined;
  readonly validate: boolean;
}

/** The values of a relocation in the object and, where something matched, in the target. */
export function computeResult(local: CoreSpec, target: CoreSpec | undefined): CoreResult {
  switch (local.kind) {
    case CoreRelocationKind.fieldExists:
    case CoreRelocationKind.typeExists:
    case CoreRelocationKind.typeMatches:
    case CoreRelocationKind.enumeratorExists:
      return plain(1n, target === undefined ? 0n : 1n);
    case CoreRelocationKind.typeIdTarget:
      // Linking may have renumbered the object's types, so the id in the instruction proves nothing.
      return { ...plain(BigInt(local.rootTypeId), BigInt(target?.rootTypeId ?? 0)), validate: false };
    case CoreRelocationKind.typeSize:
      return plain(typeSize(local), target === undefined ? 0n : typeSize(target));
    case CoreRelocationKind.enumeratorValue:
      if (target === undefined) return poison();
      return plain(enumeratorValue(local), enumeratorValue(target));
    default: {
      const old = fieldValue(local);
      if (target === undefined) return poison();
      const { value, access } = fieldValue(target);
      return {
        ...plain(BigInt(old.value), BigInt(value)),
        validate: old.validate,
        size: sizeChange(old.access, access),
      };
    }
  }
}

function plain(oldValue: bigint, newValue: bigint): CoreResult {
  return { poison: false, oldValue, newValue, validate: true, size: undefined };
}

function poison(): CoreResult {
  return { poison: true, oldValue: 0n, newValue: 0n, validate: false, size: undefined };
}

function typeSize(spec: CoreSpec): bigint {
  const sizeBytes = sizeOf(spec.btf, spec.rootTypeId);
  if (sizeBytes === undefined) throw new BpfError("relocation", `${describeSpec(spec)}: the type has no size`);
  return BigInt(sizeBytes);
}

function enumeratorValue(spec: CoreSpec): bigint {
  const accessor = spec.accessors[0];
  const type = spec.btf.type(accessor?.typeId ?? 0);
  const value = isEnum(type) ? type.values[accessor?.index ?? 0]?.value : undefined;
  if (value === undefined) throw new BpfError("relocation", `${describeSpec(spec)}: there is no such enumerator`);
  return BigInt.asUintN(64, value);
}

function fieldValue(spec: CoreSpec): FieldValue {
  const accessor = spec.accessors.at(-1);
  if (accessor?.name === undefined) return elementValue(spec, accessor?.typeId ?? 0);

  const owner = spec.btf.type(accessor.typeId);
  const member = isComposite(owner) ? owner.members[accessor.index] : undefined;
  if (member === undefined) throw new BpfError("relocation", `${describeSpec(spec)}: there is no such member`);
  const field = skipModifiers(spec.btf, member.typeId);
  const isBitfield = member.bitSize > 0;
  const { byteOffset, sizeBytes, bitSize } = isBitfield
    ? bitfieldLoad(spec, member.bitSize, sizeOrFail(spec, field.id))
    : wholeField(spec, field.id);

  switch (spec.kind) {
    case CoreRelocationKind.fieldByteOffset:
      return {
        value: byteOffset,
        access: isBitfield
          ? undefined
          : { sizeBytes: sizeOrFail(spec, elementTypeId(spec.btf, field.id)), btf: spec.btf, typeId: field.id },
        // Where exactly a bitfield is read from is a matter of taste, in which the compiler may differ.
        validate: !isBitfield,
      };
    case CoreRelocationKind.fieldByteSize:
      return { value: sizeBytes, access: undefined, validate: !isBitfield };
    case CoreRelocationKind.fieldSigned: {
      const signed = (isEnum(field.type) || field.type.kind === BtfKind.int) && field.type.signed;
      return { value: signed ? 1 : 0, access: undefined, validate: true };
    }
    case CoreRelocationKind.fieldLeftShift: {
      const bitsInLoad = spec.bitOffset - byteOffset * 8;
      const value = spec.btf.littleEndian ? 64 - (bitsInLoad + bitSize) : (8 - sizeBytes) * 8 + bitsInLoad;
      return { value, access: undefined, validate: !isBitfield };
    }
    case CoreRelocationKind.fieldRightShift:
      return { value: 64 - bitSize, access: undefined, validate: true };
    default:
      throw new BpfError("relocation", `${describeSpec(spec)} is not a question about a field`);
  }
}

/** `a[n]` has a place and a size, and nothing else that could be asked for. */
function elementValue(spec: CoreSpec, typeId: number): FieldValue {
  switch (spec.kind) {
    case CoreRelocationKind.fieldByteOffset:
      return {
        value: Math.floor(spec.bitOffset / 8),
        access: { sizeBytes: sizeOrFail(spec, elementTypeId(spec.btf, typeId)), btf: spec.btf, typeId },
        validate: true,
      };
    case CoreRelocationKind.fieldByteSize:
      return { value: sizeOrFail(spec, typeId), access: undefined, validate: true };
    default:
      throw new BpfError("relocation", `${describeSpec(spec)} cannot be asked of an array element`);
  }
}

function wholeField(spec: CoreSpec, fieldTypeId: number): { byteOffset: number; sizeBytes: number; bitSize: number } {
  const sizeBytes = sizeOrFail(spec, fieldTypeId);
  return { byteOffset: Math.floor(spec.bitOffset / 8), sizeBytes, bitSize: sizeBytes * 8 };
}

/** The smallest aligned load, no smaller than the field's type, that has all bits of a bitfield. */
function bitfieldLoad(
  spec: CoreSpec,
  bitSize: number,
  typeBytes: number,
): { byteOffset: number; sizeBytes: number; bitSize: number } {
  const end = spec.bitOffset + bitSize;
  for (let sizeBytes = Math.max(typeBytes, 1); sizeBytes <= 8; sizeBytes *= 2) {
    const byteOffset = Math.floor(spec.bitOffset / 8 / sizeBytes) * sizeBytes;
    if (end - byteOffset * 8 <= sizeBytes * 8) return { byteOffset, sizeBytes, bitSize };
  }
  throw new BpfError("relocation", `${describeSpec(spec)}: the bitfield cannot be read with one load`);
}

/** The innermost element of an array; any other type as it is. */
function elementTypeId(btf: Btf, typeId: number): number {
  let current = skipModifiers(btf, typeId);
  for (let depth = 0; depth < 32 && current.type.kind === BtfKind.array; depth++) {
    current = skipModifiers(btf, current.type.elementTypeId);
  }
  return current.id;
}

function sizeOrFail(spec: CoreSpec, typeId: number): number {
  const sizeBytes = sizeOf(spec.btf, typeId);
  if (sizeBytes === undefined) throw new BpfError("relocation", `${describeSpec(spec)}: the field has no size`);
  return sizeBytes;
}

function sizeChange(old: FieldValue["access"], target: FieldValue["access"]): SizeChange | undefined {
  const oldBytes = old?.sizeBytes ?? 0;
  const newBytes = target?.sizeBytes ?? 0;
  if (oldBytes === newBytes) return undefined;
  if (old === undefined || target === undefined) return { oldBytes, newBytes, safe: false };
  const oldType = old.btf.type(old.typeId);
  const newType = target.btf.type(target.typeId);
  const pointers = oldType.kind === BtfKind.pointer && newType.kind === BtfKind.pointer;
  const unsigned =
    oldType.kind === BtfKind.int && newType.kind === BtfKind.int && isZeroExtended(oldType) && isZeroExtended(newType);
  return { oldBytes, newBytes, safe: pointers || unsigned };
}

/** libbpf compares the whole encoding with SIGNED: a signed char, which also has the CHAR bit, counts as unsigned. */
function isZeroExtended(type: { readonly signed: boolean; readonly char: boolean; readonly bool: boolean }): boolean {
  return !type.signed || type.char || type.bool;
}
