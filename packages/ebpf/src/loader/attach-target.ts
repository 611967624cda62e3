import type { Btf } from "../btf/btf.ts";
import { BtfKind } from "../btf/types.ts";
import { BpfError } from "../errors.ts";
import { btfById, btfNextId, objectInformation } from "../sys/bpf.ts";
import { Errno, failure } from "../sys/failure.ts";
import { FileDescriptor } from "../sys/file-descriptor.ts";
import type { Sys } from "../sys/sys.ts";
import { AttachType, ProgramType } from "../sys/uapi.ts";
import type { KernelTypes } from "./kernel-btf.ts";
import type { ProgramSpec } from "./spec.ts";

/** The kernel type that a tracing program is for. */
export interface AttachTarget {
  readonly btfId: number;
  /** BTF of the module that has it; undefined for the kernel itself. Needed until the program is loaded. */
  readonly moduleBtf: FileDescriptor | undefined;
}

interface Wanted {
  readonly prefix: string;
  readonly kind: BtfKind;
  readonly description: string;
}

/** Whether the kernel must be told at load where the program is going to be attached. */
export function needsAttachTarget(spec: ProgramSpec): boolean {
  return wanted(spec) !== undefined;
}

/** How the kernel's BTF names the targets of each kind of tracing program. */
function wanted({ type, expectedAttachType }: ProgramSpec): Wanted | undefined {
  if (type !== ProgramType.TRACING && type !== ProgramType.LSM) return undefined;
  switch (expectedAttachType) {
    case AttachType.TRACE_RAW_TP:
      return { prefix: "btf_trace_", kind: BtfKind.typedef, description: "tracepoint" };
    case AttachType.TRACE_FENTRY:
    case AttachType.TRACE_FEXIT:
    case AttachType.MODIFY_RETURN:
      return { prefix: "", kind: BtfKind.function, description: "function" };
    case AttachType.TRACE_ITER:
      return { prefix: "bpf_iter_", kind: BtfKind.function, description: "iterator" };
    case AttachType.LSM_MAC:
    case AttachType.LSM_CGROUP:
      return { prefix: "bpf_lsm_", kind: BtfKind.function, description: "security hook" };
    default:
      return undefined;
  }
}

/** @throws {BpfError} `not-found` where this kernel has no such tracepoint, function ... */
export function findAttachTarget(sys: Sys, spec: ProgramSpec, kernelBtf: KernelTypes): AttachTarget | undefined {
  const target = wanted(spec);
  if (target === undefined) return undefined;
  if (spec.attachTo === undefined) {
    throw new BpfError(
      "invalid-argument",
      `section "${spec.sectionName}" of program "${spec.name}" does not say which ${target.description} it is for`,
    );
  }
  const name = target.prefix + spec.attachTo;
  const btfId = kernelBtf.vmlinux.findByName(name, target.kind);
  if (btfId !== undefined) return { btfId, moduleBtf: undefined };
  for (const [module, btf] of kernelBtf.modules()) {
    const id = ownType(btf, name, target.kind);
    if (id !== undefined) return { btfId: id, moduleBtf: openModuleBtf(sys, module) };
  }
  throw new BpfError(
    "not-found",
    `this kernel has no ${target.description} ${spec.attachTo}, which program "${spec.name}" attaches to`,
  );
}

function ownType(btf: Btf, name: string, kind: BtfKind): number | undefined {
  const id = btf.findByName(name, kind);
  return id !== undefined && id >= btf.firstTypeId ? id : undefined;
}

/** `struct bpf_btf_info`: u64 btf, u32 btf_size, u32 id, u64 name, u32 name_len, u32 kernel_btf. */
const INFORMATION_SIZE_BYTES = 32;
/** MODULE_NAME_LEN. */
const MODULE_NAME_SIZE_BYTES = 64;

/** The kernel has no look-up of its BTF objects by name: all are gone through, as bpftool does. */
function openModuleBtf(sys: Sys, module: string): FileDescriptor {
  const action = `opening the types of module ${module}`;
  for (let id = 0; ; ) {
    const next = btfNextId(sys, id);
    if (next < 0) throw failure(next, "bpf(BPF_BTF_GET_NEXT_ID)", action);
    id = next;
    const result = btfById(sys, id);
    if (result === -Errno.ENOENT) continue; // Unloaded meanwhile.
    const descriptor = FileDescriptor.own(sys, result, "bpf(BPF_BTF_GET_FD_BY_ID)", action);
    if (btfName(sys, descriptor.fd) === module) return descriptor;
    descriptor[Symbol.dispose]();
  }
}

function btfName(sys: Sys, fd: number): string {
  const information = new Uint8Array(INFORMATION_SIZE_BYTES);
  const name = new Uint8Array(MODULE_NAME_SIZE_BYTES);
  const view = new DataView(information.buffer);
  view.setBigUint64(16, sys.address(name), true);
  view.setUint32(24, name.length, true);
  if (objectInformation(sys, fd, information) < 0) return "";
  return new TextDecoder().decode(name.subarray(0, name.indexOf(0)));
}
