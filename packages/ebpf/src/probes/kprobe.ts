import { cString } from "../sys/attributes.ts";
import { onlineCpus } from "../sys/cpus.ts";
import { defaultSys } from "../sys/default-sys.ts";
import type { Sys } from "../sys/sys.ts";
import type { AttachableProgram, Link } from "./link.ts";
import { attachToPerfEvent } from "./perf-link.ts";
import { dynamicPmu } from "./pmu.ts";

export interface KprobeOptions {
  /** Kernel function: a name of /proc/kallsyms. */
  readonly function: string;
  /** Bytes from the start of the function; 0 by default, and for returns. */
  readonly offset?: number;
  /** Run at its return (kretprobe) instead of its entry. */
  readonly return?: boolean;
  readonly cookie?: bigint;
  readonly sys?: Sys;
}

/**
 * Runs a program at a kernel function. Which functions there are depends on the kernel's version and build: prefer a
 * tracepoint where there is one.
 *
 * @throws {BpfError} `not-supported` on kernels without kprobes, `not-found` where there is no such function
 */
export function attachKprobe(program: AttachableProgram, options: KprobeOptions): Link {
  const { function: name, offset = 0, cookie = 0n, sys = defaultSys() } = options;
  const pmu = dynamicPmu("kprobe");
  const event = {
    type: pmu.type,
    config: options.return === true ? pmu.returnBit : 0n,
    config1: cString(name),
    config2: BigInt(offset),
    // As with tracepoints, one event is enough for all CPUs.
    pid: -1,
    cpu: onlineCpus()[0] ?? 0,
  };
  const what = options.return === true ? "the return of kernel function" : "kernel function";
  return attachToPerfEvent(sys, program, event, cookie, `attaching "${program.name}" to ${what} ${name}`, {
    ENOENT: { code: "not-found", text: "no such function" },
    EADDRNOTAVAIL: { code: "invalid-argument", text: "several functions have this name" },
    EINVAL: { code: "invalid-argument", text: "it cannot be probed there" },
  });
}
