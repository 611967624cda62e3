/** What the CPU profiler uses on this machine, found out by starting it: the kernel's own answer, not a guess. */

import { type CpuProfile, CpuProfiler, type CpuProfilerOptions } from "@skep/tracers/profiling";
import type { Check } from "./report.ts";
import { type Outcome, tryAll } from "./trial.ts";

interface Trial {
  readonly name: string;
  readonly options: CpuProfilerOptions;
  /** What is in use when it works, and what is lost with that. */
  readonly outcome: (profile: CpuProfile) => Outcome;
}

const trials: readonly Trial[] = [
  { name: "CPU samples", options: { mode: "on-cpu" }, outcome: describeSampling },
  {
    name: "off-CPU time",
    options: { mode: "off-cpu" },
    outcome: () => ({ status: "yes", detail: "tp_btf/sched_switch: every wait is measured" }),
  },
  {
    name: "-p and COMMAND",
    options: { pids: [process.pid] },
    outcome: () => ({ status: "yes", detail: "tp_btf/sched_process_fork, _exec and _exit: children are followed" }),
  },
];

/** Starts and ends the profiler in each of its ways. */
export function tryProfiler(): Promise<Check[]> {
  return tryAll(
    trials.map(({ name, options, outcome }) => ({
      name,
      attempt: async () => {
        await using profiler = await CpuProfiler.start(options);
        return outcome(await profiler.snapshot());
      },
    })),
  );
}

function describeSampling({ event }: CpuProfile): Outcome {
  switch (event) {
    case "cycles":
      return { status: "yes", detail: "hardware cycles (PMU)" };
    case "cpu-clock":
    case undefined:
      return {
        status: "limited",
        detail:
          "cpu-clock, a timer in software: there is no PMU to use. Kernel code that runs with interrupts off is charged to where they come on again",
      };
    default:
      return event satisfies never;
  }
}
