import { BpfError } from "../errors.ts";
import { rawTracepointOpen } from "../sys/bpf.ts";
import { defaultSys } from "../sys/default-sys.ts";
import { Errno } from "../sys/failure.ts";
import { FileDescriptor } from "../sys/file-descriptor.ts";
import type { Sys } from "../sys/sys.ts";
import { type AttachableProgram, Link } from "./link.ts";

export interface RawTracepointOptions {
  /** Without category: `sched_switch`. */
  readonly name: string;
  readonly sys?: Sys;
}

/** Runs a program at each hit of a tracepoint, with its raw arguments. */
export function attachRawTracepoint(program: AttachableProgram, options: RawTracepointOptions): Link {
  const { name, sys = defaultSys() } = options;
  const action = `attaching "${program.name}" to raw tracepoint ${name}`;
  const result = rawTracepointOpen(sys, program.fd, name);
  if (result === -Errno.ENOENT) throw new BpfError("not-found", `this kernel has no raw tracepoint ${name}`);
  return new Link("bpf_link", [FileDescriptor.own(sys, result, "bpf(BPF_RAW_TRACEPOINT_OPEN)", action)]);
}
