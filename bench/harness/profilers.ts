import { fromRoot } from "../../scripts/repository.ts";

/** A profiler of the whole machine at 99 Hz with stacks of kernel and users, as its users start it. */
export interface Profiler {
  readonly name: string;
  /** Debian's package; undefined for our own. */
  readonly debianPackage?: string;
  readonly command: string;
  /** Writes its result, if it writes one, into its working directory. */
  readonly args: (seconds: number) => readonly string[];
}

const STACKS = "profile:hz:99 { @[kstack, ustack, comm] = count(); }";

export const profilers: readonly Profiler[] = [
  {
    name: "skep profile",
    command: process.execPath,
    args: (seconds) => [fromRoot("packages/agent/bin/skep.mjs"), "profile", "-F", "99", "-d", `${seconds}`],
  },
  {
    name: "perf record",
    debianPackage: "linux-perf",
    command: "perf",
    args: (seconds) => ["record", "-F", "99", "-g", "-a", "--", "sleep", `${seconds}`],
  },
  {
    name: "bpftrace",
    debianPackage: "bpftrace",
    command: "bpftrace",
    args: (seconds) => ["-e", `${STACKS} interval:s:${seconds} { exit(); }`],
  },
  {
    name: "bcc profile",
    debianPackage: "bpfcc-tools",
    command: "profile-bpfcc",
    args: (seconds) => ["-F", "99", "-f", `${seconds}`],
  },
];
