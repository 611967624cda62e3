import { BpfError } from "../errors.ts";
import { cString } from "../sys/attributes.ts";
import { uprobeMultiLinkCreate } from "../sys/bpf.ts";
import { defaultSys } from "../sys/default-sys.ts";
import { FileDescriptor } from "../sys/file-descriptor.ts";
import type { Sys } from "../sys/sys.ts";
import { AttachType } from "../sys/uapi.ts";
import { type AttachableProgram, Link } from "./link.ts";

/** BPF_F_UPROBE_MULTI_RETURN (include/uapi/linux/bpf.h). */
const AT_RETURN = 1;

/** A place in a file at which the program runs. */
export interface UprobePlace {
  /** Byte offset in the file of the function's first instruction. */
  readonly offset: number;
  /** What bpf_get_attach_cookie() answers there; 0 by default. */
  readonly cookie?: bigint;
}

export interface UprobeMultiOptions {
  /** Executable or library, as this process sees it: `/proc/PID/root/...` for a container's. */
  readonly path: string;
  /** In the order in which they are attached. */
  readonly places: readonly UprobePlace[];
  /** Run at the functions' returns instead of their entries. */
  readonly return?: boolean;
  readonly sys?: Sys;
}

/**
 * Runs a program at many places of a user-space binary, in all processes, those to come included. By one link: letting go
 * of it takes the kernel a grace period, and not one for each place. Linux 6.6; the program's section is `uprobe.multi`.
 *
 * @throws {BpfError} `not-found` where there is no such file, `invalid-argument` where it cannot be probed there
 */
export function attachUprobeMulti(program: AttachableProgram, options: UprobeMultiOptions): Link {
  const { path, places, sys = defaultSys() } = options;
  if (places.length === 0) throw new BpfError("invalid-argument", "a probe needs a place");
  const offsets = BigUint64Array.from(places, ({ offset }) => BigInt(offset));
  const cookies = BigUint64Array.from(places, ({ cookie = 0n }) => cookie);
  const flags = options.return === true ? AT_RETURN : 0;
  const attachType = AttachType.TRACE_UPROBE_MULTI;
  const result = uprobeMultiLinkCreate(sys, program.fd, attachType, cString(path), offsets, cookies, flags);
  const action = `attaching "${program.name}" to ${places.length} places in ${path}`;
  const descriptor = FileDescriptor.own(sys, result, "bpf(BPF_LINK_CREATE)", action, {
    ENOENT: { code: "not-found", text: "there is no such file" },
    EINVAL: { code: "invalid-argument", text: "it cannot be probed there, or this kernel is older than 6.6" },
  });
  return new Link("bpf_link", [descriptor]);
}
