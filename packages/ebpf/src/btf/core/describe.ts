import type { Btf } from "../btf.ts";
import { skipModifiers } from "../resolve.ts";
import { BtfKind } from "../types.ts";
import type { Candidate } from "./candidates.ts";
import { isComposite, isEnum } from "./compatibility.ts";
import { coreKindName } from "./kinds.ts";
import type { CoreSpec } from "./spec.ts";

const mostNames = 3;

/** Longer names are not compared: the time goes by the product of the lengths, and names may come from a hostile file. */
const longestName = 128;

/** A spec as C would have it, and what is asked of it: `struct task_struct.comm[3] (byte offset)`. */
export function describeSpec(spec: CoreSpec): string {
  const root = spec.btf.type(spec.rootTypeId);
  const name = spec.btf.name(spec.rootTypeId) || "(anonymous)";
  let path = "";
  for (const [step, accessor] of spec.accessors.entries()) {
    if (isEnum(skipModifiers(spec.btf, spec.rootTypeId).type)) path += `::${accessor.name}`;
    else if (accessor.name !== undefined) path += `.${accessor.name}`;
    else if (step > 0 || accessor.index > 0) path += `[${accessor.index}]`;
  }
  const keyword =
    root.kind === BtfKind.struct
      ? "struct "
      : root.kind === BtfKind.union
        ? "union "
        : root.kind === BtfKind.enum || root.kind === BtfKind.enum64
          ? "enum "
          : "";
  return `${keyword}${name}${path} (${coreKindName(spec.kind)})`;
}

/** Names of the candidates that are most like the first one of the path that they don't have; the likest first. */
export function nearestNames(local: CoreSpec, candidates: readonly Candidate[]): string[] {
  const distances = new Map<string, number>();
  for (const { btf, typeId } of candidates) {
    const missing = firstMissing(local, btf, typeId);
    if (missing === undefined) continue;
    if (missing.name.length > longestName) continue;
    for (const name of missing.available) {
      if (name.length <= longestName) distances.set(name, editDistance(missing.name, name));
    }
  }
  return Array.from(distances)
    .sort(([nameA, a], [nameB, b]) => a - b || nameA.localeCompare(nameB))
    .slice(0, mostNames)
    .map(([name]) => name);
}

/** Walks a local path in a candidate by names alone, up to the one that isn't there. */
function firstMissing(
  local: CoreSpec,
  btf: Btf,
  rootTypeId: number,
): { readonly name: string; readonly available: readonly string[] } | undefined {
  let current = rootTypeId;
  for (const { name } of local.accessors) {
    const { type } = skipModifiers(btf, current);
    if (name === undefined) {
      if (type.kind === BtfKind.array) current = type.elementTypeId;
      continue;
    }
    if (isEnum(type)) return { name, available: type.values.map((value) => value.name) };
    const members = namedMembers(btf, current);
    const next = members.get(name);
    if (next === undefined) return { name, available: Array.from(members.keys()) };
    current = next;
  }
  return undefined;
}

/** Names and types of a struct's members, those of anonymous structs inside included. */
function namedMembers(btf: Btf, typeId: number, depth: number = 0): Map<string, number> {
  const members = new Map<string, number>();
  const { type } = skipModifiers(btf, typeId);
  if (!isComposite(type) || depth > 8) return members;
  for (const member of type.members) {
    if (member.name !== "") members.set(member.name, member.typeId);
    else for (const [name, id] of namedMembers(btf, member.typeId, depth + 1)) members.set(name, id);
  }
  return members;
}

/** Levenshtein distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
