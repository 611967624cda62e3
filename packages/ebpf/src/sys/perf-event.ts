import { Attributes } from "./attributes.ts";
import { Errno, type Meanings } from "./failure.ts";
import { FileDescriptor } from "./file-descriptor.ts";
import { perfPermissionMeaning } from "./perf-permission.ts";
import type { Sys } from "./sys.ts";
import { PERF_FLAG_FD_CLOEXEC } from "./uapi.ts";

/** Bits of the flag word at offset 40 of `struct perf_event_attr`. */
const DISABLED = 1n << 0n;
const INHERIT = 1n << 1n;
const EXCLUDE_USER = 1n << 4n;
const EXCLUDE_KERNEL = 1n << 5n;
const EXCLUDE_HYPERVISOR = 1n << 6n;
const EXCLUDE_IDLE = 1n << 7n;
const FREQUENCY = 1n << 10n;

/** PERF_ATTR_SIZE_VER1: up to and with config2; known to every kernel since 2.6.33. */
const ATTRIBUTES_SIZE_BYTES = 72;

export interface PerfEventOptions {
  /** `PERF_TYPE_*`, or the number of a dynamic PMU. */
  readonly type: number;
  readonly config: bigint;
  /** Samples a second, or events between two samples; without either it only counts. */
  readonly sampling?: { readonly frequencyHz: number } | { readonly period: bigint } | undefined;
  /** Meaning depends on the PMU; a pointer for uprobes and kprobes. */
  readonly config1?: Uint8Array;
  readonly config2?: bigint;
  /** -1 for all processes. */
  readonly pid: number;
  /** -1 for all CPUs (then `pid` is not -1). */
  readonly cpu: number;
  /** Opens it switched off: PERF_EVENT_IOC_ENABLE switches it on. */
  readonly disabled?: boolean;
  /** Threads and children of `pid` too. Without a ring buffer only. */
  readonly inherit?: boolean;
  readonly excludeUser?: boolean;
  readonly excludeKernel?: boolean;
  readonly excludeHypervisor?: boolean;
  readonly excludeIdle?: boolean;
}

/** What the errnos of perf_event_open(2) mean (its manual page), where the kind of event does not say otherwise. */
const MEANINGS: Meanings = {
  ENODEV: { code: "not-found", text: "this CPU is offline, or cannot count such events" },
  ENOENT: { code: "not-found", text: "this machine has no such event" },
  ESRCH: { code: "not-found", text: "there is no such process" },
  EINVAL: {
    code: "invalid-argument",
    text: "the event, CPU or frequency is out of range",
    hint: "the highest frequency is in /proc/sys/kernel/perf_event_max_sample_rate",
  },
};

export function perfEventOpen(
  sys: Sys,
  options: PerfEventOptions,
  action: string,
  meanings?: Meanings,
): FileDescriptor {
  const { sampling } = options;
  let flags = 0n;
  if (options.disabled) flags |= DISABLED;
  if (options.inherit) flags |= INHERIT;
  if (options.excludeUser) flags |= EXCLUDE_USER;
  if (options.excludeKernel) flags |= EXCLUDE_KERNEL;
  if (options.excludeHypervisor) flags |= EXCLUDE_HYPERVISOR;
  if (options.excludeIdle) flags |= EXCLUDE_IDLE;
  const attributes = new Attributes(ATTRIBUTES_SIZE_BYTES)
    .u32(0, options.type)
    .u32(4, ATTRIBUTES_SIZE_BYTES)
    .u64(8, options.config);
  if (sampling !== undefined && "frequencyHz" in sampling) {
    flags |= FREQUENCY;
    attributes.u64(16, BigInt(sampling.frequencyHz));
  } else if (sampling !== undefined) {
    attributes.u64(16, sampling.period);
  }
  attributes
    .u64(40, flags)
    .pointer(sys, 56, options.config1)
    .u64(64, options.config2 ?? 0n);
  const fd = sys.perfEventOpen(attributes.bytes, options.pid, options.cpu, -1, PERF_FLAG_FD_CLOEXEC);
  attributes.release();
  return FileDescriptor.own(sys, fd, "perf_event_open", action, {
    ...MEANINGS,
    ...(fd === -Errno.EACCES && { EACCES: perfPermissionMeaning() }),
    ...meanings,
  });
}
