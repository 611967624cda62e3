import { rawTracepointOpen } from "../sys/bpf.ts";
import { defaultSys } from "../sys/default-sys.ts";
import { FileDescriptor } from "../sys/file-descriptor.ts";
import type { Sys } from "../sys/sys.ts";
import { type AttachableProgram, Link } from "./link.ts";

/**
 * Attaches a program that was loaded for its target: `tp_btf`, `fentry`, `fexit`, `fmod_ret`, `lsm`. All of them take
 * BPF_RAW_TRACEPOINT_OPEN without a name, on every kernel that has them.
 */
export function attachTracing(program: AttachableProgram, options: { readonly sys?: Sys } = {}): Link {
  const sys = options.sys ?? defaultSys();
  const result = rawTracepointOpen(sys, program.fd, undefined);
  const action = `attaching "${program.name}"`;
  return new Link("bpf_link", [FileDescriptor.own(sys, result, "bpf(BPF_RAW_TRACEPOINT_OPEN)", action)]);
}
