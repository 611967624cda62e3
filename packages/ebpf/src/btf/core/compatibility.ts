/** When a type of the object and one of the kernel are taken to be the same: three relations, of growing strictness. */

import { BpfError } from "../../errors.ts";
import type { Btf } from "../btf.ts";
import { essentialName } from "../name-index.ts";
import { skipModifiers } from "../resolve.ts";
import { type BtfComposite, type BtfEnum, BtfKind, type BtfType } from "../types.ts";

/** Most pointers, arrays and return types that one comparison follows; and how deep parameters and members nest. */
const maxDepth = 32;

/** Kinds are the same, or both an enum of some width. */
export function kindsAreCompatible(local: BtfKind, target: BtfKind): boolean {
  return local === target || (isEnumKind(local) && isEnumKind(target));
}

export function isEnum(type: BtfType): type is BtfEnum {
  return isEnumKind(type.kind);
}

export function isComposite(type: BtfType): type is BtfComposite {
  return type.kind === BtfKind.struct || type.kind === BtfKind.union;
}

/**
 * For the last step of a field's path. Loose, since only the place and size of the field matter: any struct or union for
 * any other, any pointer, any integer; enums by name.
 */
export function fieldsAreCompatible(local: Btf, localId: number, target: Btf, targetId: number): boolean {
  let [localNext, targetNext] = [localId, targetId];
  for (let depth = 0; depth < maxDepth; depth++) {
    const localType = skipModifiers(local, localNext).type;
    const targetType = skipModifiers(target, targetNext).type;
    if (isComposite(localType) && isComposite(targetType)) return true;
    if (!kindsAreCompatible(localType.kind, targetType.kind)) return false;
    switch (localType.kind) {
      case BtfKind.pointer:
      case BtfKind.float:
        return true;
      case BtfKind.int:
        return isPlainInt(localType) && isPlainInt(targetType);
      case BtfKind.forward:
      case BtfKind.enum:
      case BtfKind.enum64: {
        const localName = essentialName(localType.name);
        const targetName = nameOf(targetType);
        return localName === "" || targetName === "" || localName === targetName;
      }
      case BtfKind.array:
        if (targetType.kind !== BtfKind.array) return false;
        localNext = localType.elementTypeId;
        targetNext = targetType.elementTypeId;
        break;
      default:
        return false;
    }
  }
  throw tooDeep();
}

/** For TYPE_EXISTS, TYPE_SIZE and TYPE_ID_TARGET: same kind all along, names and members not looked at. */
export function typesAreCompatible(
  local: Btf,
  localId: number,
  target: Btf,
  targetId: number,
  level: number = maxDepth,
): boolean {
  // The kind of the candidate itself counts before typedefs are skipped: a typedef is no candidate for a struct.
  if (!kindsAreCompatible(local.kind(localId), target.kind(targetId))) return false;
  let [localNext, targetNext] = [localId, targetId];
  for (let depth = 0; depth < maxDepth; depth++) {
    const localType = skipModifiers(local, localNext).type;
    const targetType = skipModifiers(target, targetNext).type;
    if (!kindsAreCompatible(localType.kind, targetType.kind)) return false;
    switch (localType.kind) {
      case BtfKind.void:
      case BtfKind.struct:
      case BtfKind.union:
      case BtfKind.enum:
      case BtfKind.enum64:
      case BtfKind.forward:
        return true;
      case BtfKind.int:
        return isPlainInt(localType) && isPlainInt(targetType);
      case BtfKind.pointer:
        if (targetType.kind !== BtfKind.pointer) return false;
        localNext = localType.typeId;
        targetNext = targetType.typeId;
        break;
      case BtfKind.array:
        if (targetType.kind !== BtfKind.array) return false;
        localNext = localType.elementTypeId;
        targetNext = targetType.elementTypeId;
        break;
      case BtfKind.functionPrototype: {
        if (targetType.kind !== BtfKind.functionPrototype) return false;
        if (localType.parameters.length !== targetType.parameters.length) return false;
        for (const [index, parameter] of localType.parameters.entries()) {
          if (level <= 0) throw tooDeep();
          const localParameter = skipModifiers(local, parameter.typeId).id;
          const targetParameter = skipModifiers(target, targetType.parameters[index]?.typeId ?? 0).id;
          if (!typesAreCompatible(local, localParameter, target, targetParameter, level - 1)) return false;
        }
        localNext = localType.returnTypeId;
        targetNext = targetType.returnTypeId;
        break;
      }
      default:
        return false;
    }
  }
  throw tooDeep();
}

/**
 * For TYPE_MATCHES: every member, enumerator and parameter of the local type has its like in the target, integers in size
 * and sign too. Behind a pointer only name and kind of a struct count, and a forward declaration will do.
 */
export function typesMatch(
  local: Btf,
  localId: number,
  target: Btf,
  targetId: number,
  alreadyBehindPointer: boolean = false,
  level: number = maxDepth,
): boolean {
  if (level <= 0) throw tooDeep();
  let behindPointer = alreadyBehindPointer;
  let [localNext, targetNext] = [localId, targetId];
  for (let depth = 0; depth < maxDepth; depth++) {
    const localType = skipModifiers(local, localNext).type;
    const targetType = skipModifiers(target, targetNext).type;
    if (nameOf(localType) !== nameOf(targetType)) return false;
    switch (localType.kind) {
      case BtfKind.void:
        return targetType.kind === BtfKind.void;
      case BtfKind.forward:
        if (targetType.kind === BtfKind.forward) return localType.union === targetType.union;
        return behindPointer && targetType.kind === (localType.union ? BtfKind.union : BtfKind.struct);
      case BtfKind.enum:
      case BtfKind.enum64:
        return isEnum(targetType) && enumsMatch(localType, targetType);
      case BtfKind.struct:
      case BtfKind.union:
        if (behindPointer) {
          if (targetType.kind !== BtfKind.forward) return targetType.kind === localType.kind;
          return targetType.union === (localType.kind === BtfKind.union);
        }
        if (!isComposite(targetType) || targetType.kind !== localType.kind) return false;
        return membersMatch(local, localType, target, targetType, behindPointer, level);
      case BtfKind.int:
        return (
          targetType.kind === BtfKind.int &&
          localType.sizeBytes === targetType.sizeBytes &&
          localType.signed === targetType.signed
        );
      case BtfKind.pointer:
        if (targetType.kind !== BtfKind.pointer) return false;
        behindPointer = true;
        localNext = localType.typeId;
        targetNext = targetType.typeId;
        break;
      case BtfKind.array:
        if (targetType.kind !== BtfKind.array || localType.length !== targetType.length) return false;
        localNext = localType.elementTypeId;
        targetNext = targetType.elementTypeId;
        break;
      case BtfKind.functionPrototype:
        if (targetType.kind !== BtfKind.functionPrototype) return false;
        if (localType.parameters.length !== targetType.parameters.length) return false;
        for (const [index, { typeId }] of localType.parameters.entries()) {
          const targetTypeId = targetType.parameters[index]?.typeId ?? 0;
          if (!typesMatch(local, typeId, target, targetTypeId, behindPointer, level - 1)) return false;
        }
        localNext = localType.returnTypeId;
        targetNext = targetType.returnTypeId;
        break;
      default:
        return false;
    }
  }
  throw tooDeep();
}

function membersMatch(
  local: Btf,
  localType: BtfComposite,
  target: Btf,
  targetType: BtfComposite,
  behindPointer: boolean,
  level: number,
): boolean {
  if (localType.members.length > targetType.members.length) return false;
  return localType.members.every((member) =>
    targetType.members.some(
      (other) =>
        essentialName(member.name) === essentialName(other.name) &&
        typesMatch(local, member.typeId, target, other.typeId, behindPointer, level - 1),
    ),
  );
}

function enumsMatch(local: BtfEnum, target: BtfEnum): boolean {
  if (local.sizeBytes !== target.sizeBytes || local.values.length > target.values.length) return false;
  const targetNames = new Set(target.values.map(({ name }) => essentialName(name)));
  return local.values.every(({ name }) => targetNames.has(essentialName(name)));
}

function isEnumKind(kind: BtfKind): boolean {
  return kind === BtfKind.enum || kind === BtfKind.enum64;
}

/** Not one of the deprecated integers that are bitfields by themselves. */
function isPlainInt(type: BtfType): boolean {
  return type.kind === BtfKind.int && type.bitOffset === 0;
}

function nameOf(type: BtfType): string {
  return "name" in type ? essentialName(type.name) : "";
}

function tooDeep(): BpfError {
  return new BpfError("relocation", "a CO-RE relocation compares types that nest too deep");
}
