import { enableStats as enableStatsCommand } from "./bpf.ts";
import { defaultSys } from "./default-sys.ts";
import { FileDescriptor } from "./file-descriptor.ts";
import type { Sys } from "./sys.ts";
import { StatsType } from "./uapi.ts";

/**
 * Makes the kernel measure the run time of all BPF programs of the machine, until what it returns, and all duplicates of
 * that descriptor, are closed (5.8). That costs each run some 20 ns. Read it by `Program.info()`.
 *
 * @throws BpfError `not-permitted` without CAP_SYS_ADMIN
 */
export function enableStats(options: { readonly sys?: Sys } = {}): FileDescriptor {
  const sys = options.sys ?? defaultSys();
  const result = enableStatsCommand(sys, StatsType.RUN_TIME);
  return FileDescriptor.own(sys, result, "bpf(BPF_ENABLE_STATS)", "measuring the run time of BPF programs");
}
