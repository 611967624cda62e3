import { existsSync } from "node:fs";
import { arch, release } from "node:os";
import { type KernelVersion, kernelVersion } from "@skep/ebpf/features";

/** Where the kernel describes its own types; CO-RE reads it. */
export const KERNEL_BTF_PATH = "/sys/kernel/btf/vmlinux";

/** Skep's floor: the first kernel with the ring buffer and with CAP_BPF and CAP_PERFMON. */
export const OLDEST_KERNEL = "5.8";

/** What has to hold of a kernel before anything else is worth trying. */
export interface KernelFacts {
  /** As `uname -r` prints it: `6.12.90+deb13-cloud-amd64`. */
  readonly release: string;
  readonly version: KernelVersion;
  /** In Node.js' words: `x64`, `arm64`. */
  readonly architecture: string;
  readonly hasBtf: boolean;
}

export function readKernelFacts(): KernelFacts {
  return { release: release(), version: kernelVersion(), architecture: arch(), hasBtf: existsSync(KERNEL_BTF_PATH) };
}
