import { enableStats as enableStatsCommand } from "../sys/bpf.ts";
import { defaultSys } from "../sys/default-sys.ts";
import { FileDescriptor } from "../sys/file-descriptor.ts";
import type { Sys } from "../sys/sys.ts";
import { StatsType } from "../sys/uapi.ts";

/**
 * Makes the kernel measure the run time of all BPF programs of the machine, until it is disposed of (5.8). That costs
 * each run some 20 ns. Read it by `Program.info()`.
 */
export function enableStats(options: { readonly sys?: Sys } = {}): Disposable {
  const sys = options.sys ?? defaultSys();
  const result = enableStatsCommand(sys, StatsType.RUN_TIME);
  return FileDescriptor.own(sys, result, "bpf(BPF_ENABLE_STATS)", "measuring the run time of BPF programs");
}
