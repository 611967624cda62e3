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
