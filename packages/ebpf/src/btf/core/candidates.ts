import { BpfError } from "../../errors.ts";
import type { Btf } from "../btf.ts";
import type { CoreTargets } from "../core-relocation.ts";
import { essentialName } from "../name-index.ts";
import { kindsAreCompatible } from "./compatibility.ts";

/** A type of the target that may be the one that a local type means. */
export interface Candidate {
  readonly btf: Btf;
  readonly typeId: number;
}

/** Candidates of each local type: same name without flavour, compatible kind; modules only where vmlinux has none. */
export class CandidateCache {
  readonly #local: Btf;
  readonly #targets: CoreTargets;
  readonly #byLocalType: Map<number, readonly Candidate[]> = new Map();

  constructor(local: Btf, targets: CoreTargets) {
    this.#local = local;
    this.#targets = targets;
  }

  of(localTypeId: number): readonly Candidate[] {
    const known = this.#byLocalType.get(localTypeId);
    if (known !== undefined) return known;
    const found = this.#find(localTypeId);
    this.#byLocalType.set(localTypeId, found);
    return found;
  }

  /** Drops candidates that did not fit: all relocations of a local type mean the same target. */
  narrow(localTypeId: number, candidates: readonly Candidate[]): void {
    this.#byLocalType.set(localTypeId, candidates);
  }

  #find(localTypeId: number): readonly Candidate[] {
    const name = this.#local.name(localTypeId);
    if (name === "") throw new BpfError("relocation", `BTF type ${localTypeId} has no name to look for in the kernel`);
    const essential = essentialName(name);
    const localKind = this.#local.kind(localTypeId);
    const inBtf = (btf: Btf): Candidate[] =>
      btf
        .findByEssentialName(essential)
        .filter((typeId) => kindsAreCompatible(localKind, btf.kind(typeId)))
        .map((typeId) => ({ btf, typeId }));
    const fromKernel = inBtf(this.#targets.vmlinux);
    if (fromKernel.length > 0) return fromKernel;
    return Array.from(this.#targets.modules?.() ?? []).flatMap(inBtf);
  }
}
