import { readlinkSync } from "node:fs";
import { defaultSys, enableStats, FileDescriptor, type Sys } from "@skep/ebpf/sys";

/** Number of the descriptor that keeps BPF statistics on. */
const VARIABLE = "SKEP_BPF_STATISTICS";

/**
 * BPF statistics take CAP_SYS_ADMIN, which the agent gives up before it starts anything. So it switches them on before
 * that, and keeps them through execve(2) until its governor knows what the tracers cost.
 */
export function handOverStatistics(sys: Sys = defaultSys()): void {
  let statistics: FileDescriptor;
  try {
    statistics = enableStats({ sys });
  } catch {
    return; // Who may not, gets by with what was measured elsewhere.
  }
  if (sys.setCloseOnExec(statistics.fd, false) < 0) statistics[Symbol.dispose]();
  else process.env[VARIABLE] = `${statistics.fd}`;
}

/** What {@link handOverStatistics} has left to this process. The programs that it starts get none of it. */
export function takeOverStatistics(sys: Sys = defaultSys()): Disposable | undefined {
  const { [VARIABLE]: value } = process.env;
  delete process.env[VARIABLE];
  if (value === undefined || linkOf(value) !== "anon_inode:bpf-stats") return undefined;
  const fd = Number(value);
  sys.setCloseOnExec(fd, true);
  return FileDescriptor.own(sys, fd, "execve", "measuring the run time of BPF programs");
}

function linkOf(fd: string): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return undefined;
  }
}
