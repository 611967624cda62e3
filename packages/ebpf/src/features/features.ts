import { BtfKind } from "../btf/types.ts";
import { KernelBtf } from "../loader/kernel-btf.ts";
import { dynamicPmu } from "../probes/pmu.ts";
import { tracepointId } from "../probes/tracefs.ts";
import { cString } from "../sys/attributes.ts";
import {
  enableStats,
  linkCreate,
  mapCreate,
  mapLookupBatch,
  rawTracepointOpen,
  uprobeMultiLinkCreate,
} from "../sys/bpf.ts";
import { defaultSys } from "../sys/default-sys.ts";
import { Errno, failure } from "../sys/failure.ts";
import { FileDescriptor } from "../sys/file-descriptor.ts";
import { chargesMemoryCgroup } from "../sys/memory-lock.ts";
import { perfEventOpen } from "../sys/perf-event.ts";
import type { Sys } from "../sys/sys.ts";
import { AttachType, MapType, PerfHardware, PerfSoftware, PerfType, ProgramType, StatsType } from "../sys/uapi.ts";
import { explain, type FeatureSupport, no, type UnsupportedCause, YES } from "./feature-support.ts";
import { kernelKnows } from "./kernel-enums.ts";
import { loadEmpty } from "./object-types.ts";
import { tryOnDemandHash } from "./on-demand-hash.ts";
import { tryTaskStorage } from "./task-storage.ts";

interface Feature {
  readonly description: string;
  /** First kernel that has it: the probe's test fails where a kernel of at least this version doesn't. */
  readonly since: string;
  readonly probe: (sys: Sys) => FeatureSupport;
}

/** What a kernel may or may not have. */
export type FeatureName =
  | "btf"
  | "ring-buffer"
  | "tp-btf"
  | "fentry"
  | "iterator"
  | "tracepoint"
  | "kprobe"
  | "uprobe"
  | "perf-clock"
  | "perf-cycles"
  | "perf-link"
  | "uprobe-multi"
  | "batch-operations"
  | "per-cpu-array-batches"
  | "task-storage"
  | "on-demand-hash"
  | "loop"
  | "run-time-statistics"
  | "memory-cgroup-accounting";

/** Everything is found out by trying, never by the version. */
const FEATURES: Readonly<Record<FeatureName, Feature>> = {
  btf: {
    description: "types of the kernel (BTF)",
    since: "5.4",
    probe: (sys) => {
      try {
        using _ = KernelBtf.open({ sys });
        return YES;
      } catch (error) {
        return explain(error, "not-built-in");
      }
    },
  },
  "ring-buffer": {
    description: "ring buffers",
    since: "5.8",
    probe: (sys) => tryMap(sys, MapType.RINGBUF, 0, 0, sys.pageSizeBytes),
  },
  "tp-btf": {
    description: "BTF raw tracepoints (tp_btf)",
    since: "5.5",
    probe: (sys) => tryTracing(sys, AttachType.TRACE_RAW_TP, "btf_trace_sched_switch", BtfKind.typedef),
  },
  fentry: {
    description: "function entry and exit (fentry, fexit)",
    since: "5.5",
    probe: (sys) => tryTracing(sys, AttachType.TRACE_FENTRY, "bpf_fentry_test1", BtfKind.function),
  },
  iterator: {
    description: "iterators over tasks",
    since: "5.8",
    probe: (sys) => tryTracing(sys, AttachType.TRACE_ITER, "bpf_iter_task", BtfKind.function),
  },
  tracepoint: {
    description: "tracepoints",
    since: "4.7",
    probe: (sys) => attempt(() => tracepointId(sys, "sched", "sched_switch"), "not-built-in"),
  },
  kprobe: {
    description: "kernel functions (kprobe, kretprobe)",
    since: "4.17",
    probe: () => attempt(() => dynamicPmu("kprobe"), "not-built-in"),
  },
  uprobe: {
    description: "user-space functions (uprobe, uretprobe)",
    since: "4.17",
    probe: () => attempt(() => dynamicPmu("uprobe"), "not-built-in"),
  },
  "perf-clock": {
    description: "sampling by the CPU clock",
    since: "4.9",
    probe: (sys) => tryPerfEvent(sys, PerfType.SOFTWARE, PerfSoftware.CPU_CLOCK, "not-built-in"),
  },
  "perf-cycles": {
    description: "sampling by hardware cycles",
    since: "4.9",
    probe: (sys) => tryPerfEvent(sys, PerfType.HARDWARE, PerfHardware.CPU_CYCLES, "no-hardware"),
  },
  "perf-link": {
    description: "links for perf events and probes, with cookies",
    since: "5.15",
    probe: (sys) => {
      try {
        using program = own(sys, loadEmpty(sys, { type: ProgramType.TRACEPOINT }));
        // A kernel that has it looks at the descriptor; one that hasn't does not come so far.
        const result = linkCreate(sys, program.fd, -1, AttachType.PERF_EVENT, 0n);
        return result === -Errno.EBADF ? YES : no("old-kernel", "it came with Linux 5.15");
      } catch (error) {
        return explain(error, "not-built-in");
      }
    },
  },
  "uprobe-multi": {
    description: "many user-space functions by one link (uprobe.multi)",
    since: "6.6",
    probe: (sys) => {
      try {
        const attachType = AttachType.TRACE_UPROBE_MULTI;
        using program = own(sys, loadEmpty(sys, { type: ProgramType.KPROBE, attachType }));
        // A kernel that has it says that a folder is no file to probe; one that hasn't does not come so far.
        const offsets = BigUint64Array.of(0n);
        const result = uprobeMultiLinkCreate(sys, program.fd, attachType, cString("/"), offsets, undefined, 0);
        return result === -Errno.EBADF ? YES : no("old-kernel", "it came with Linux 6.6");
      } catch (error) {
        return explain(error, "old-kernel");
      }
    },
  },
  "batch-operations": {
    description: "reading hashes in batches",
    since: "5.6",
    probe: (sys) => tryBatch(sys, MapType.HASH, "5.6"),
  },
  "per-cpu-array-batches": {
    description: "reading per-CPU arrays in batches",
    since: "5.13",
    probe: (sys) => tryBatch(sys, MapType.PERCPU_ARRAY, "5.13"),
  },
  "task-storage": {
    description: "storage for each task, in tracing programs",
    // 5.11 had it for security modules alone.
    since: "5.12",
    probe: tryTaskStorage,
  },
  "on-demand-hash": {
    description: "hashes that take memory as they fill, in all programs",
    since: "6.1",
    probe: tryOnDemandHash,
  },
  loop: {
    description: "loops by call (bpf_loop)",
    since: "5.17",
    probe: (sys) => hasHelper(sys, "BPF_FUNC_loop", "5.17"),
  },
  "run-time-statistics": {
    description: "run time of programs (BPF_ENABLE_STATS)",
    since: "5.8",
    probe: (sys) => {
      const fd = enableStats(sys, StatsType.RUN_TIME);
      if (fd < 0)
        return explain(failure(fd, "bpf(BPF_ENABLE_STATS)", "measuring the run time of programs"), "old-kernel");
      sys.close(fd);
      return YES;
    },
  },
  "memory-cgroup-accounting": {
    description: "memory of programs and maps charged to the cgroup, not to RLIMIT_MEMLOCK",
    since: "5.11",
    probe: (sys) => (chargesMemoryCgroup(sys) ? YES : no("old-kernel", "it came with Linux 5.11")),
  },
};

/** All features, with a description of each and the kernel that it came with. */
export const features: ReadonlyMap<FeatureName, { readonly description: string; readonly since: string }> = new Map(
  Object.entries(FEATURES).map(([name, { description, since }]) => [name as FeatureName, { description, since }]),
);

const found = new Map<FeatureName, FeatureSupport>();

/**
 * Whether the running kernel has a feature and this process may use it. Tried once; then remembered, unless it is only
 * this process's privileges that are missing.
 */
export function probeFeature(name: FeatureName, options: { readonly sys?: Sys } = {}): FeatureSupport {
  if (options.sys !== undefined) return FEATURES[name].probe(options.sys);
  const known = found.get(name);
  if (known !== undefined) return known;
  const support = FEATURES[name].probe(defaultSys());
  if (support.supported || support.cause !== "not-permitted") found.set(name, support);
  return support;
}

function attempt(use: () => unknown, cause: UnsupportedCause): FeatureSupport {
  try {
    use();
    return YES;
  } catch (error) {
    return explain(error, cause);
  }
}

function own(sys: Sys, result: number): FileDescriptor {
  return FileDescriptor.own(sys, result, "bpf(BPF_PROG_LOAD)", "loading a program");
}

function tryMap(
  sys: Sys,
  type: number,
  keySizeBytes: number,
  valueSizeBytes: number,
  maxEntries: number,
): FeatureSupport {
  return attempt(() => {
    using _ = mapCreate(sys, { name: "skep_probe", type, keySizeBytes, valueSizeBytes, maxEntries, flags: 0 });
  }, "old-kernel");
}

function tryBatch(sys: Sys, type: number, since: string): FeatureSupport {
  try {
    using map = mapCreate(sys, {
      name: "skep_probe",
      type,
      keySizeBytes: 4,
      valueSizeBytes: 8,
      maxEntries: 1,
      flags: 0,
    });
    const { result } = mapLookupBatch(sys, {
      mapFd: map.fd,
      remove: false,
      cursorIn: undefined,
      cursorOut: new Uint8Array(4),
      keys: new Uint8Array(4),
      // Room for the values of all CPUs that Linux can have.
      values: new Uint8Array(8 * 8192),
      capacity: 1,
    });
    return result === 0 || result === -Errno.ENOENT ? YES : no("old-kernel", `it came with Linux ${since}`);
  } catch (error) {
    return explain(error, "old-kernel");
  }
}

function tryPerfEvent(sys: Sys, type: number, config: number, cause: UnsupportedCause): FeatureSupport {
  return attempt(() => {
    const event = { type, config: BigInt(config), sampling: { frequencyHz: 1 }, pid: 0, cpu: -1, disabled: true };
    using _ = perfEventOpen(sys, event, "opening a perf event");
  }, cause);
}

/** Loads and attaches a program that does nothing. */
function tryTracing(sys: Sys, attachType: number, target: string, kind: BtfKind): FeatureSupport {
  let targetId: number | undefined;
  try {
    using kernelBtf = KernelBtf.open({ sys });
    targetId = kernelBtf.vmlinux.findByName(target, kind);
  } catch (error) {
    return explain(error, "not-built-in");
  }
  if (targetId === undefined) return no("not-built-in", `this kernel's types have no ${target}`);
  const attachBtfId = targetId;
  return attempt(() => {
    using program = own(sys, loadEmpty(sys, { type: ProgramType.TRACING, attachType, attachBtfId }));
    // Attaching an iterator takes another command, and nothing that could be missing.
    if (attachType === AttachType.TRACE_ITER) return;
    const link = rawTracepointOpen(sys, program.fd, undefined);
    using _ = FileDescriptor.own(sys, link, "bpf(BPF_RAW_TRACEPOINT_OPEN)", `attaching to ${target}`);
  }, "not-built-in");
}

function hasHelper(sys: Sys, helper: string, since: string): FeatureSupport {
  try {
    return kernelKnows("bpf_func_id", helper, { sys }) ? YES : no("old-kernel", `it came with Linux ${since}`);
  } catch (error) {
    return explain(error, "not-built-in");
  }
}
