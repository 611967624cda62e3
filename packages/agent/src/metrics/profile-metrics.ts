import type { SymbolizedFrame } from "@skep/symbols";
import type { CpuProfile } from "@skep/tracers/profiling";
import type { CpuMode } from "../pipeline/round.ts";
import type { MetricDefinition } from "./metric-definition.ts";
import type { MetricRegistry } from "./metric-registry.ts";
import type { MetricResources } from "./metric-resources.ts";

export const CPU_TIME: MetricDefinition<"cpu.mode"> = {
  name: "skep.cpu.time",
  kind: "counter",
  unit: "s",
  description:
    "CPU time by sampling: each sample stands for the time between two. The mode is that of the innermost frame.",
  attributes: ["cpu.mode"],
  of: "program",
  convention: "skep",
};

export const OFF_CPU_TIME: MetricDefinition<never> = {
  name: "skep.off_cpu.time",
  kind: "counter",
  unit: "s",
  description: "Time that threads spent off the CPU, waiting or ready to run.",
  attributes: [],
  of: "program",
  convention: "skep",
};

/** Both kinds of profile have the count first, and nanoseconds second. */
const NANOSECONDS = 1;

export function recordProfile(registry: MetricRegistry, profile: CpuProfile, resources: MetricResources): void {
  const onCpu = profile.mode === "on-cpu";
  for (const { process, stack, values } of profile.samples) {
    const seconds = (values[NANOSECONDS] ?? 0) / 1e9;
    const resource = resources.of(process);
    if (!onCpu) registry.number(OFF_CPU_TIME).add(resource, seconds);
    else registry.number(CPU_TIME).add(resource, seconds, { "cpu.mode": modeOf(stack[0]) });
  }
}

function modeOf(innermost: SymbolizedFrame | undefined): CpuMode {
  return innermost?.kind === "kernel" ? "system" : "user";
}
