/**
 * CO-RE ("compile once, run everywhere"): makes instructions that were compiled against one kernel's types fit the
 * types of another.
 *
 * clang notes for each access to a marked struct which field it meant. Before load, each note is looked up in the
 * kernel's BTF, and the instruction's offset, size or constant is rewritten. What the kernel doesn't have becomes 0
 * where the program asked whether it exists, and an invalid instruction where the program wanted its value: that is no
 * error as long as the program doesn't reach it.
 *
 * The rules are those of libbpf (`relo_core.c`), to the letter: objects in the field are written against them.
 */

import { BpfError } from "../errors.ts";
import type { Btf } from "./btf.ts";
import { type Candidate, CandidateCache } from "./core/candidates.ts";
import { describeSpec, nearestNames } from "./core/describe.ts";
import type { CoreRelocation } from "./core/kinds.ts";
import { CoreRelocationKind } from "./core/kinds.ts";
import { Instructions, patchInstruction, poisonInstruction } from "./core/patch.ts";
import { type CoreSpec, matchSpec, parseSpec } from "./core/spec.ts";
import { type CoreResult, computeResult } from "./core/value.ts";

export { type CoreRelocation, CoreRelocationKind } from "./core/kinds.ts";

export interface CoreTargets {
  /** BTF of the running kernel, or of the one that a program is to be relocated for. */
  readonly vmlinux: Btf;
  /** BTFs of kernel modules, split on `vmlinux`; only asked for when that has no candidate for a type. */
  readonly modules?: () => Iterable<Btf>;
}

export interface RelocationReport {
  readonly poisoned: readonly PoisonedInstruction[];
}

/**
 * An instruction that was made invalid, since what it reads does not exist in the target. The kernel's verifier refuses
 * it with "invalid func unknown#195896080", and only where the program can reach it.
 */
export interface PoisonedInstruction {
  readonly instructionIndex: number;
  readonly relocation: CoreRelocation;
  /** What the program asked for, such as `struct task_struct.state (byte offset)`. */
  readonly wanted: string;
  /** Names in the target that are most like the one that was not found; found when asked for. */
  readonly nearest: () => string[];
}

/**
 * Relocates all programs of one object against one kernel. Candidates are cached for each local type, and a candidate
 * that did not fit one relocation is no longer tried for the type's others: so all programs of an object go through the
 * same relocator.
 */
export class CoreRelocator {
  readonly #local: Btf;
  readonly #candidates: CandidateCache;

  constructor(local: Btf, targets: CoreTargets) {
    this.#local = local;
    this.#candidates = new CandidateCache(local, targets);
  }

  /**
   * Rewrites instructions in place.
   *
   * @param instructions of one program, 8 bytes each, little-endian.
   * @throws {BpfError} `relocation` when a relocation is malformed, ambiguous, or does not fit its instruction.
   */
  relocate(instructions: Uint8Array, relocations: readonly CoreRelocation[]): RelocationReport {
    const program = new Instructions(instructions);
    const poisoned: PoisonedInstruction[] = [];
    for (const relocation of relocations) {
      const spec = parseSpec(this.#local, relocation);
      const result =
        relocation.kind === CoreRelocationKind.typeIdLocal ? localTypeId(spec) : this.#resolve(relocation, spec);
      const valid =
        !result.poison && patchInstruction(program, relocation.instructionIndex, result, () => describeSpec(spec));
      if (valid) continue;
      poisonInstruction(program, relocation.instructionIndex);
      poisoned.push({
        instructionIndex: relocation.instructionIndex,
        relocation,
        wanted: describeSpec(spec),
        nearest: () => nearestNames(spec, this.#candidates.of(relocation.typeId)),
      });
    }
    return { poisoned };
  }

  /** Value for one relocation: that of all candidates that match, which have to agree. */
  #resolve(relocation: CoreRelocation, local: CoreSpec): CoreResult {
    const matching: Candidate[] = [];
    let agreed: { readonly spec: CoreSpec; readonly result: CoreResult } | undefined;
    for (const candidate of this.#candidates.of(relocation.typeId)) {
      const spec = matchSpec(local, candidate.btf, candidate.typeId);
      if (spec === undefined) continue;
      const result = computeResult(local, spec);
      if (agreed === undefined) {
        agreed = { spec, result };
      } else if (agreed.spec.bitOffset !== spec.bitOffset || agreed.result.newValue !== result.newValue) {
        throw new BpfError(
          "relocation",
          `${describeSpec(local)} is ambiguous: the kernel has several types of this name, which differ in it`,
        );
      }
      matching.push(candidate);
    }
    if (agreed === undefined) return computeResult(local, undefined);
    this.#candidates.narrow(relocation.typeId, matching);
    return agreed.result;
  }
}

/** The id in the object's own BTF: needs no candidate, and is not compared, since linking may have renumbered types. */
function localTypeId(spec: CoreSpec): CoreResult {
  const value = BigInt(spec.rootTypeId);
  return { poison: false, oldValue: value, newValue: value, validate: false, size: undefined };
}

/** Relocates a single program; see {@link CoreRelocator}, which is the way to relocate several of one object. */
export function relocate(
  instructions: Uint8Array,
  relocations: readonly CoreRelocation[],
  local: Btf,
  targets: CoreTargets,
): RelocationReport {
  return new CoreRelocator(local, targets).relocate(instructions, relocations);
}
