import type { Collection } from "@skep/ebpf";

/** What a tracer itself costs in the kernel. */
export interface Overhead {
  /** Time spent in its BPF programs. 0 unless BPF statistics are switched on while it runs. */
  readonly runTimeNs: number;
  /** How often they ran. 0 unless BPF statistics are switched on. */
  readonly runCount: number;
  /** Kernel memory of its maps. */
  readonly mapBytes: number;
}

export function overheadOf(collection: Collection): Overhead {
  let runTimeNs = 0;
  let runCount = 0;
  let mapBytes = 0;
  for (const program of collection.programs) {
    const information = program.info();
    runTimeNs += Number(information.runTimeNs);
    runCount += Number(information.runCount);
  }
  for (const map of collection.maps) mapBytes += map.memoryBytes();
  return { runTimeNs, runCount, mapBytes };
}
