import { BpfError } from "@skep/ebpf";
import { COMPAT, type SyscallNames, UNKNOWN } from "./kernel-names.ts";

/** `CALL_*` of syscalls.bpf.c. */
const WANTED = 1;
const NEVER_RETURNS = 2;
const RETURNS_TWICE = 4;
const EXECUTES = 8;
const MAY_BE_ANOTHER = 16;

/** `SYSCALL_IDS` of kernel/syscall.h. */
const IDS = 2048;

const traitsByName: readonly (readonly [name: string, traits: number])[] = [
  ["exit", NEVER_RETURNS],
  ["exit_group", NEVER_RETURNS],
  ["fork", RETURNS_TWICE],
  ["vfork", RETURNS_TWICE],
  ["clone", RETURNS_TWICE],
  ["clone3", RETURNS_TWICE],
  ["execve", EXECUTES | MAY_BE_ANOTHER],
  ["execveat", EXECUTES | MAY_BE_ANOTHER],
];

/** Variables of syscalls.bpf.c, which are constants once it is loaded. */
export interface CallVariables {
  readonly call_traits: Uint8Array;
  readonly call_sigreturn: number;
  readonly call_sigreturn_compat: number;
}

/**
 * What the kernel half has to know of each call.
 *
 * @param wanted names of the calls to be counted; all when undefined
 * @throws BpfError `invalid-argument` for a name that no call has, with those that are like it
 */
export function callVariables(names: SyscallNames, wanted: readonly string[] | undefined): CallVariables {
  const traits = new Uint8Array(IDS).fill(wanted === undefined ? WANTED : 0);
  const add = (id: number, trait: number): void => {
    traits[id] = (traits[id] ?? 0) | trait;
  };
  for (const name of wanted ?? []) {
    const ids = names.ids(name);
    if (ids.length === 0) throw unknownCall(name, names);
    for (const id of ids) add(id, WANTED);
  }
  for (const [name, trait] of traitsByName) for (const id of names.ids(name)) add(id, trait);
  for (const id of [UNKNOWN, UNKNOWN | COMPAT]) add(id, MAY_BE_ANOTHER);
  return {
    call_traits: traits,
    call_sigreturn: sigreturn(names, 0),
    call_sigreturn_compat: sigreturn(names, COMPAT),
  };
}

/** 32-bit programs have two of them, of which the older one is rare by now. */
function sigreturn(names: SyscallNames, compat: number): number {
  return names.ids("rt_sigreturn").find((id) => (id & COMPAT) === compat) ?? UNKNOWN | compat;
}

function unknownCall(name: string, names: SyscallNames): BpfError {
  const near = nearNames(name, names.all());
  return new BpfError("invalid-argument", `there is no system call "${name}"`, {
    hint: near.length > 0 ? `the nearest are ${near.join(", ")}` : "give names as strace prints them: openat, read",
  });
}

const MAX_NEAR_NAMES = 3;
const LEAST_LIKENESS = 0.4;

/** The most alike first. */
function nearNames(name: string, candidates: Iterable<string>): string[] {
  return Array.from(candidates, (candidate) => ({ candidate, likeness: likeness(name, candidate) }))
    .filter((entry) => entry.likeness >= LEAST_LIKENESS)
    .sort((a, b) => b.likeness - a.likeness)
    .slice(0, MAX_NEAR_NAMES)
    .map(({ candidate }) => candidate);
}

/** Share of the pairs of neighbouring letters that two words have in common (Dice's coefficient). */
function likeness(a: string, b: string): number {
  const pairsOfA = pairs(a);
  const pairsOfB = pairs(b);
  const common = Array.from(pairsOfA).filter((pair) => pairsOfB.has(pair)).length;
  return (2 * common) / (pairsOfA.size + pairsOfB.size);
}

function pairs(word: string): Set<string> {
  const bounded = ` ${word} `;
  return new Set(Array.from({ length: bounded.length - 1 }, (_, at) => bounded.slice(at, at + 2)));
}
