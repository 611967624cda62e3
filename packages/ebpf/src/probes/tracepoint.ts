import { onlineCpus } from "../sys/cpus.ts";
import { defaultSys } from "../sys/default-sys.ts";
import type { Sys } from "../sys/sys.ts";
import { PerfType } from "../sys/uapi.ts";
import type { AttachableProgram, Link } from "./link.ts";
import { attachToPerfEvent } from "./perf-link.ts";
import { tracepointId } from "./tracefs.ts";

export interface TracepointOptions {
  /** `sched` of `sched:sched_switch`. */
  readonly category: string;
  readonly name: string;
  readonly cookie?: bigint;
  readonly sys?: Sys;
}

/**
 * Runs a program at each hit of a tracepoint, on all CPUs.
 *
 * @throws {BpfError} `not-found` where the kernel has no such tracepoint
 */
export function attachTracepoint(program: AttachableProgram, options: TracepointOptions): Link {
  const { category, name, cookie = 0n, sys = defaultSys() } = options;
  const event = {
    type: PerfType.TRACEPOINT,
    config: tracepointId(sys, category, name),
    // One event on one CPU is enough: the program runs for the tracepoint, whichever CPU hits it.
    pid: -1,
    cpu: onlineCpus()[0] ?? 0,
  };
  return attachToPerfEvent(
    sys,
    program,
    event,
    cookie,
    `attaching "${program.name}" to tracepoint ${category}:${name}`,
  );
}
