import { BpfError } from "../../errors.ts";
import type { Btf } from "../btf.ts";
import { essentialName } from "../name-index.ts";
import { sizeOf, skipModifiers } from "../resolve.ts";
import { type BtfArray, BtfKind } from "../types.ts";
import { fieldsAreCompatible, isComposite, isEnum, typesAreCompatible, typesMatch } from "./compatibility.ts";
import { type CoreRelocation, CoreRelocationKind, coreKindName, coreSubject } from "./kinds.ts";

/** Most steps of a path, those through anonymous structs included. */
const maxSteps = 64;

/**
 * A step of a path that means something by itself: a named member, an array element, an enumerator. Anonymous structs
 * and unions are passed through without a step, since kernels add and remove them freely.
 */
export interface Accessor {
  /** The struct that has the member, or the type of the array's elements. */
  readonly typeId: number;
  /** Of the member, element or enumerator. */
  readonly index: number;
  /** Undefined for array elements. */
  readonly name: string | undefined;
}

/** A relocation's path, understood in one BTF: either the object's own or a candidate's. */
export interface CoreSpec {
  readonly btf: Btf;
  readonly kind: number;
  readonly rootTypeId: number;
  readonly accessors: readonly Accessor[];
  /** Of the field, from the start of the root type. */
  readonly bitOffset: number;
}

/** A path that is being walked. */
interface Walk {
  readonly accessors: Accessor[];
  /** Steps so far, with those through anonymous structs. */
  steps: number;
  bitOffset: number;
}

/**
 * Understands a relocation in the object's own BTF.
 *
 * @throws {BpfError} `relocation` when the path does not lead anywhere in it.
 */
export function parseSpec(btf: Btf, relocation: CoreRelocation): CoreSpec {
  const { kind, typeId, accessString } = relocation;
  const malformed = (why: string): BpfError =>
    new BpfError(
      "relocation",
      `CO-RE record of instruction ${relocation.instructionIndex} (${coreKindName(kind)} of BTF type ${typeId}, path "${accessString}") ${why}`,
    );
  const subject = coreSubject(kind);
  if (subject === undefined) throw malformed("is of a kind that is not known here");
  if (!/^\d+(:\d+)*$/.test(accessString)) throw malformed("has a malformed path");
  if (subject === "type") {
    if (accessString !== "0") throw malformed("has a path, but is about a whole type");
    return { btf, kind, rootTypeId: typeId, accessors: [], bitOffset: 0 };
  }
  const [first = 0, ...rest] = accessString.split(":").map(Number);
  if (rest.length >= maxSteps) throw malformed("has too long a path");

  const root = skipModifiers(btf, typeId);
  if (subject === "enumerator") {
    const enumerator = isEnum(root.type) ? root.type.values[first] : undefined;
    if (enumerator === undefined || rest.length > 0) throw malformed("does not lead to an enumerator");
    const accessors = [{ typeId: root.id, index: first, name: enumerator.name }];
    return { btf, kind, rootTypeId: typeId, accessors, bitOffset: 0 };
  }

  const accessors: Accessor[] = [{ typeId: root.id, index: first, name: undefined }];
  let bitOffset = first * bitsOf(btf, root.id, malformed);
  let current = root.id;
  for (const index of rest) {
    const { id, type } = skipModifiers(btf, current);
    if (isComposite(type)) {
      const member = type.members[index];
      if (member === undefined) throw malformed("leads to a member that the type does not have");
      bitOffset += member.bitOffset;
      if (member.name !== "") accessors.push({ typeId: id, index, name: member.name });
      current = member.typeId;
    } else if (type.kind === BtfKind.array) {
      if (index >= type.length && !isFlexibleArray(btf, accessors.at(-1), type)) {
        throw malformed("leads beyond the end of an array");
      }
      current = skipModifiers(btf, type.elementTypeId).id;
      accessors.push({ typeId: current, index, name: undefined });
      bitOffset += index * bitsOf(btf, current, malformed);
    } else {
      throw malformed("leads into something that is neither struct, union nor array");
    }
  }
  return { btf, kind, rootTypeId: typeId, accessors, bitOffset };
}

/** Finds in a candidate what a local spec means; undefined where the candidate doesn't have it. */
export function matchSpec(local: CoreSpec, btf: Btf, rootTypeId: number): CoreSpec | undefined {
  const { kind } = local;
  switch (coreSubject(kind)) {
    case "type": {
      const relation = kind === CoreRelocationKind.typeMatches ? typesMatch : typesAreCompatible;
      return relation(local.btf, local.rootTypeId, btf, rootTypeId)
        ? { btf, kind, rootTypeId, accessors: [], bitOffset: 0 }
        : undefined;
    }
    case "enumerator": {
      const { id, type } = skipModifiers(btf, rootTypeId);
      if (!isEnum(type)) return undefined;
      const wanted = essentialName(local.accessors[0]?.name ?? "");
      const index = type.values.findIndex(({ name }) => essentialName(name) === wanted);
      if (index < 0) return undefined;
      const accessors = [{ typeId: id, index, name: type.values[index]?.name }];
      return { btf, kind, rootTypeId, accessors, bitOffset: 0 };
    }
    default:
      return matchField(local, btf, rootTypeId);
  }
}

function matchField(local: CoreSpec, btf: Btf, rootTypeId: number): CoreSpec | undefined {
  const walk: Walk = { accessors: [], steps: 0, bitOffset: 0 };
  let current = rootTypeId;
  for (const [step, accessor] of local.accessors.entries()) {
    const { id, type } = skipModifiers(btf, current);
    if (accessor.name !== undefined) {
      const next = matchMember(local.btf, accessor, btf, id, walk);
      if (next === undefined) return undefined;
      current = next;
      continue;
    }
    current = id;
    // The first step is through the pointer to the root type: not an array, but counted in elements like one.
    if (step > 0) {
      if (type.kind !== BtfKind.array) return undefined;
      if (accessor.index >= type.length && !isFlexibleArray(btf, walk.accessors.at(-1), type)) return undefined;
      current = skipModifiers(btf, type.elementTypeId).id;
    }
    countStep(walk);
    walk.accessors.push({ typeId: current, index: accessor.index, name: undefined });
    walk.bitOffset += accessor.index * bitsOf(btf, current, () => sizeless(btf, current));
  }
  return { btf, kind: local.kind, rootTypeId, accessors: walk.accessors, bitOffset: walk.bitOffset };
}

/**
 * Finds the member that a local accessor names, anonymous structs and unions searched through.
 *
 * @returns the member's type; undefined where there is none of this name, or one of an incompatible type.
 */
function matchMember(localBtf: Btf, accessor: Accessor, btf: Btf, compositeId: number, walk: Walk): number | undefined {
  const { id, type } = skipModifiers(btf, compositeId);
  const localType = localBtf.type(accessor.typeId);
  if (!isComposite(type) || !isComposite(localType)) return undefined;
  for (const [index, member] of type.members.entries()) {
    if (member.name !== "" && member.name !== accessor.name) continue;
    const before = { steps: walk.steps, bitOffset: walk.bitOffset };
    countStep(walk);
    walk.bitOffset += member.bitOffset;
    if (member.name !== "") {
      const localMember = localType.members[accessor.index];
      if (localMember === undefined || !fieldsAreCompatible(localBtf, localMember.typeId, btf, member.typeId)) {
        return undefined;
      }
      walk.accessors.push({ typeId: id, index, name: member.name });
      return member.typeId;
    }
    const found = matchMember(localBtf, accessor, btf, member.typeId, walk);
    if (found !== undefined) return found;
    Object.assign(walk, before);
  }
  return undefined;
}

function countStep(walk: Walk): void {
  if (walk.steps === maxSteps) {
    throw new BpfError("relocation", "a CO-RE relocation leads through types that nest too deep");
  }
  walk.steps++;
}

/** An array of length 0 that is the last member of its struct may be indexed at will. */
function isFlexibleArray(btf: Btf, previous: Accessor | undefined, array: BtfArray): boolean {
  if (previous?.name === undefined || array.length > 0) return false;
  const owner = btf.type(previous.typeId);
  return isComposite(owner) && previous.index === owner.members.length - 1;
}

function bitsOf(btf: Btf, typeId: number, failure: (why: string) => Error): number {
  const sizeBytes = sizeOf(btf, typeId);
  if (sizeBytes === undefined) throw failure("leads through a type without a size");
  return sizeBytes * 8;
}

function sizeless(btf: Btf, typeId: number): BpfError {
  return new BpfError("relocation", `the kernel's BTF type ${typeId} (${btf.name(typeId)}) has no size`);
}
