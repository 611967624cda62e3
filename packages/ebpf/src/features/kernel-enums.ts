import { BtfKind } from "../btf/types.ts";
import { KernelBtf } from "../loader/kernel-btf.ts";
import type { Sys } from "../sys/sys.ts";

/** Enums of the kernel's BTF that list what its BPF knows. */
export type KernelEnum = "bpf_func_id" | "bpf_map_type" | "bpf_prog_type" | "bpf_attach_type";

/**
 * Whether the kernel's source has a constant: a helper (`BPF_FUNC_loop`), a type of map, program or attachment. It says
 * nothing about the kernel's configuration, yet it is exact and needs no privilege, while a program that calls a helper
 * has to be right in all else too.
 *
 * @throws {BpfError} `not-supported` on a kernel without BTF
 */
export function kernelKnows(kernelEnum: KernelEnum, constant: string, options: { readonly sys?: Sys } = {}): boolean {
  using kernelBtf = KernelBtf.open(options);
  const id = kernelBtf.vmlinux.findByName(kernelEnum, BtfKind.enum);
  const type = id === undefined ? undefined : kernelBtf.vmlinux.type(id);
  return type?.kind === BtfKind.enum && type.values.some(({ name }) => name === constant);
}
