import type { Program } from "@skep/ebpf";
import { isAtLeast, kernelVersion } from "@skep/ebpf/features";
import { missesOfAll } from "./recursion-misses.ts";

/**
 * Programs at the start and the end of system calls are there in two forms, `on_enter` and `on_enter_unpreempted`:
 * kernel/syscall-program.h says why.
 */
type Form<Name extends string> = Name | `${Name}_unpreempted`;

/** For which kernels the dearer form is: below, tracepoints switch preemption off for both. */
const PREEMPTIBLE_SINCE = "7.0";

/** Whether the kernel may switch to another task in the middle of a program at a BTF tracepoint. */
export function tracepointsArePreemptible(): boolean {
  return isAtLeast(kernelVersion(), PREEMPTIBLE_SINCE);
}

/** The form of each that this kernel is to load. */
export function syscallProgramNames(...names: readonly string[]): string[] {
  return tracepointsArePreemptible() ? names.map((name) => `${name}_unpreempted`) : [...names];
}

/** Both forms of each, where this kernel may leave out one. */
export function twinSyscallProgramNames(...names: readonly string[]): string[] {
  return [...new Set([...names, ...syscallProgramNames(...names)])];
}

/** A program in the form that was loaded; undefined where neither was. */
export function loadedForm<Name extends string>(
  programs: Readonly<Record<Form<Name>, Program | undefined>>,
  name: Name,
): Program | undefined {
  return programs[name] ?? programs[`${name}_unpreempted`];
}

/** How often neither form of a program ran, at most. */
export function missesOfTwins<Name extends string>(
  programs: Readonly<Record<Form<Name>, Program | undefined>>,
  name: Name,
): number {
  return missesOfAll(programs[name], programs[`${name}_unpreempted`]);
}
