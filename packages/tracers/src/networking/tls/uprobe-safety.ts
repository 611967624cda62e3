import { readFileSync } from "node:fs";
import { release } from "node:os";
import { gunzipSync } from "node:zlib";
import { isAtLeast, type KernelVersion, kernelVersion } from "@skep/ebpf/features";

/** What decides whether a task may be preempted inside of a program at a uprobe. */
export interface Preemption {
  readonly version: KernelVersion;
  /** /proc/sys/kernel/version */
  readonly build: string;
  /** /proc/cmdline */
  readonly commandLine: string;
  /** The kernel's configuration; undefined where it is not to be had. */
  readonly configuration: () => string | undefined;
}

/**
 * Whether programs at uprobes may be attached without harm to the kernel.
 *
 * Since 6.13 a program has one stack for each CPU (private stacks, kernel/bpf/verifier.c), for which the kernel must not
 * run it twice at once there. At uprobes nothing seems to see to that: where the kernel may switch to another task in the
 * middle, two tasks write to the same stack. Seen on 7.2, under a few hundred requests over TLS: a pointer of on_tls_return
 * had become 0, and the kernel ended the process with a fault. Until 7.0 there are kernels that are not preempted; where
 * that can't be told, no.
 */
export function uprobesAreSafe(kernel: Preemption = ofThisMachine()): boolean {
  if (!isAtLeast(kernel.version, "6.13")) return true;
  if (isAtLeast(kernel.version, "7.0")) return false;
  const chosen = /(?:^|\s)preempt=(\w+)/.exec(kernel.commandLine)?.[1];
  if (chosen !== undefined) return chosen === "none" || chosen === "voluntary";
  if (!kernel.build.includes("PREEMPT")) return true;
  return /^CONFIG_PREEMPT_(NONE|VOLUNTARY)=y$/m.test(kernel.configuration() ?? "");
}

function ofThisMachine(): Preemption {
  return {
    version: kernelVersion(),
    build: readText("/proc/sys/kernel/version"),
    commandLine: readText("/proc/cmdline"),
    configuration: readConfiguration,
  };
}

function readConfiguration(): string | undefined {
  try {
    return gunzipSync(readFileSync("/proc/config.gz")).toString("latin1");
  } catch {
    // Not every kernel has it; distributions have a file instead.
    return readText(`/boot/config-${release()}`) || undefined;
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    // In a container, perhaps: then it is not known.
    return "";
  }
}
