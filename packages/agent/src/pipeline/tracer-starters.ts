import type { CpuProfile, CpuProfiler } from "@skep/tracers/profiling";
import { CliError } from "../cli/cli-error.ts";
import type { TracerName } from "./round.ts";
import type { Observation, RunningTracer } from "./running-tracer.ts";
import type { ProcessEvent } from "./tracer-reports.ts";
import type { SettingsOf } from "./tracer-settings.ts";

/** How each tracer is started. */
export type TracerStarters = { readonly [Name in TracerName]: (settings: SettingsOf<Name>) => Promise<RunningTracer> };

/** Sees each event of a process as it is read. */
export type ProcessObserver = (event: ProcessEvent) => void;

/** The tracers of Skep. The module of each is loaded when it is first started: what is off costs nothing. */
export function tracerStarters(): TracerStarters {
  return {
    cpu: async (settings) => runCpuProfiler(await startCpuProfiler({ ...settings, mode: "on-cpu" })),
    "off-cpu": async (settings) => runCpuProfiler(await startCpuProfiler({ ...settings, mode: "off-cpu" })),
    syscalls: () => notBuilt("system calls"),
    processes: () => notBuilt("processes"),
    files: () => notBuilt("files"),
  };
}

async function notBuilt(subject: string): Promise<never> {
  throw new CliError(`this version of Skep cannot trace ${subject}`);
}

async function startCpuProfiler(options: Parameters<typeof CpuProfiler.start>[0]): Promise<CpuProfiler> {
  const { CpuProfiler } = await import("@skep/tracers/profiling");
  return await CpuProfiler.start(options);
}

function runCpuProfiler(profiler: CpuProfiler): RunningTracer {
  return {
    observe: async () => observationOfProfile(await profiler.snapshot()),
    stop: () => profiler.stop(),
    get seen() {
      return profiler.seen;
    },
    overhead: () => profiler.overhead(),
    [Symbol.asyncDispose]: () => profiler[Symbol.asyncDispose](),
  };
}

function observationOfProfile(profile: CpuProfile): Observation {
  return {
    reports: profile.mode === "on-cpu" ? { cpu: profile } : { offCpu: profile },
    delivered: profile.sampleCount,
    lost: profile.lost,
    rung: profile.event ?? "tp_btf",
  };
}
