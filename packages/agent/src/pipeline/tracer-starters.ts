import { KernelBtf } from "@skep/ebpf";
import type { FileReport, SlowOperation } from "@skep/tracers/files";
import type { ProcessEvent } from "@skep/tracers/processes";
import type { CpuProfile, CpuProfiler, CpuProfilerOptions } from "@skep/tracers/profiling";
import { EventCollector } from "./event-collector.ts";
import { PROCESS_EVENT_LIMIT, SLOW_OPERATION_LIMIT, type TracerName } from "./round.ts";
import type { Observation, RunningTracer } from "./running-tracer.ts";
import type { SettingsOf } from "./tracer-settings.ts";

/** How each tracer is started. */
export type TracerStarters = {
  readonly [Name in TracerName]: (settings: SettingsOf<Name>) => Promise<RunningTracer<Name>>;
};

/** Sees each event of a process as it is read. */
export type ProcessObserver = (event: ProcessEvent) => void;

/** Keeps the kernel's types open: tracers that are started meanwhile need not read and index them each for itself. */
export function keepKernelTypes(): Disposable | undefined {
  try {
    return KernelBtf.open();
  } catch {
    return undefined; // Each tracer says for itself why it cannot start.
  }
}

/** The tracers of Skep. The module of each is loaded when it is first started: what is off costs nothing. */
export function tracerStarters(onProcessEvent?: ProcessObserver): TracerStarters {
  return {
    cpu: startCpuProfiler,
    "off-cpu": startOffCpuProfiler,
    syscalls: startSyscallTracer,
    processes: (settings) => startProcessTracer(settings, onProcessEvent),
    files: startFileTracer,
    network: async (settings) => (await import("./network-starter.ts")).startNetworkTracer(settings),
  };
}

async function startCpuProfiler(settings: SettingsOf<"cpu">): Promise<RunningTracer<"cpu">> {
  const profiler = await startProfiler({ ...settings, mode: "on-cpu" });
  const { frequencyHz: highestHz = 0, ...others } = settings;
  return {
    ...runningTracer(profiler, async () => profileObservation(profiler, await profiler.snapshot())),
    continueWith({ frequencyHz, ...nextOthers }) {
      if (frequencyHz === undefined || frequencyHz > highestHz) return undefined;
      if (JSON.stringify(nextOthers) !== JSON.stringify(others)) return undefined;
      return profiler.changeFrequency(frequencyHz).then((profile) => profileObservation(profiler, profile));
    },
  };
}

async function startOffCpuProfiler(settings: SettingsOf<"off-cpu">): Promise<RunningTracer<"off-cpu">> {
  const profiler = await startProfiler({ ...settings, mode: "off-cpu" });
  return runningTracer(profiler, async () => profileObservation(profiler, await profiler.snapshot()));
}

async function startProfiler(options: CpuProfilerOptions): Promise<CpuProfiler> {
  const { CpuProfiler } = await import("@skep/tracers/profiling");
  return await CpuProfiler.start(options);
}

function profileObservation({ seen }: CpuProfiler, profile: CpuProfile): Observation {
  return {
    reports: profile.mode === "on-cpu" ? { cpu: profile } : { offCpu: profile },
    seen,
    delivered: profile.sampleCount,
    lost: profile.lost,
    rung: profile.event ?? "tp_btf",
  };
}

async function startSyscallTracer(settings: SettingsOf<"syscalls">): Promise<RunningTracer> {
  const { SyscallTracer } = await import("@skep/tracers/syscalls");
  const tracer = await SyscallTracer.start(settings);
  return runningTracer(tracer, async () => {
    const syscalls = await tracer.snapshot();
    const delivered = syscalls.syscalls.reduce((sum, { calls }) => sum + calls, 0);
    return { reports: { syscalls }, delivered, lost: syscalls.lost, rung: "tp_btf" };
  });
}

async function startProcessTracer(
  settings: SettingsOf<"processes">,
  onEvent: ProcessObserver | undefined,
): Promise<RunningTracer> {
  const { ProcessTracer } = await import("@skep/tracers/processes");
  const tracer = await ProcessTracer.start(settings);
  const collector = new EventCollector(tracer.events(), PROCESS_EVENT_LIMIT, onEvent);
  return runningTracer(tracer, async () => {
    const report = await tracer.snapshot();
    const { events, dropped } = await collector.take();
    const lost = { ...report.lost, roundFull: dropped };
    return {
      reports: { processes: { report, events, lost } },
      seen: tracer.seen,
      delivered: events.length,
      lost,
      rung: "tp_btf",
    };
  });
}

async function startFileTracer(settings: SettingsOf<"files">): Promise<RunningTracer> {
  const { FileTracer } = await import("@skep/tracers/files");
  const tracer = await FileTracer.start(settings);
  const collector = new EventCollector<SlowOperation>(tracer.events(), SLOW_OPERATION_LIMIT);
  return runningTracer(tracer, async () => {
    const files = await tracer.snapshot();
    const { events: slowOperations, dropped } = await collector.take();
    return {
      reports: { files, slowOperations },
      delivered: operationCount(files) + slowOperations.length,
      lost: { ...files.lost, roundFull: dropped },
      rung: "tp_btf",
    };
  });
}

function operationCount({ files, unattributed }: FileReport): number {
  let count = 0;
  for (const { opens, reads, writes, syncs } of [...files, unattributed]) count += opens + reads + writes + syncs;
  return count;
}

/** What all tracers have in common. */
type Tracer = Pick<RunningTracer, "stop" | "overhead" | typeof Symbol.asyncDispose>;

function runningTracer(tracer: Tracer, observe: () => Promise<Observation>): Omit<RunningTracer, "continueWith"> {
  return {
    observe,
    stop: () => tracer.stop(),
    overhead: () => tracer.overhead(),
    [Symbol.asyncDispose]: () => tracer[Symbol.asyncDispose](),
  };
}
