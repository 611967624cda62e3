import type { Program } from "@skep/ebpf";

/**
 * How often the kernel left out these programs, in all, since they were in the middle of a run on that CPU; told since
 * Linux 5.12.
 */
export function recursionMisses(...programs: readonly (Program | undefined)[]): number {
  let misses = 0n;
  for (const program of programs) misses += program?.info().recursionMisses ?? 0n;
  return Number(misses);
}

/**
 * How often none of these programs ran, at most, which stand in for one another: what was missed was missed by all of them,
 * but each may have missed what another one has seen. Those that are not loaded do not count.
 */
export function missesOfAll(...programs: readonly (Program | undefined)[]): number {
  const misses = programs.filter((program) => program !== undefined).map((program) => recursionMisses(program));
  return misses.length === 0 ? 0 : Math.min(...misses);
}
