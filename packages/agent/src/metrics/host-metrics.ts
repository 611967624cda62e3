import type { CpuMode, HostSample } from "../pipeline/round.ts";
import type { MetricDefinition } from "./metric-definition.ts";
import type { MetricRegistry } from "./metric-registry.ts";
import type { MetricResources } from "./metric-resources.ts";

export const SYSTEM_CPU_TIME: MetricDefinition<"cpu.mode"> = {
  name: "system.cpu.time",
  kind: "counter",
  unit: "s",
  description: "Time of all CPUs together since boot, by what they did.",
  attributes: ["cpu.mode"],
  of: "host",
  convention: "semconv",
};

export const SYSTEM_CPU_LOGICAL_COUNT: MetricDefinition<never> = {
  name: "system.cpu.logical.count",
  kind: "up-down-counter",
  unit: "{cpu}",
  description: "Logical CPUs that are online.",
  attributes: [],
  of: "host",
  convention: "semconv",
};

export const SYSTEM_MEMORY_LIMIT: MetricDefinition<never> = {
  name: "system.memory.limit",
  kind: "up-down-counter",
  unit: "By",
  description: "Memory of the machine.",
  attributes: [],
  of: "host",
  convention: "semconv",
};

export const SYSTEM_MEMORY_USAGE: MetricDefinition<"system.memory.state"> = {
  name: "system.memory.usage",
  kind: "up-down-counter",
  unit: "By",
  description: "Memory that can be had without swapping (available), and the rest (used).",
  attributes: ["system.memory.state"],
  of: "host",
  convention: "semconv",
};

export const LOAD_AVERAGES: readonly MetricDefinition<never>[] = ["1m", "5m", "15m"].map((window) => ({
  name: `system.cpu.load_average.${window}`,
  kind: "gauge",
  unit: "{thread}",
  description: `Threads that ran, were ready to, or waited for a disk: average over ${window.slice(0, -1)} minutes.`,
  attributes: [],
  of: "host",
  convention: "collector",
}));

/** @param bootUnixNs since when the machine counts its CPU time */
export function recordHost(
  registry: MetricRegistry,
  { cpus, cpuTimeNs, memory, loadAverages }: HostSample,
  { host }: MetricResources,
  bootUnixNs: bigint,
): void {
  const cpuTime = registry.number(SYSTEM_CPU_TIME);
  for (const mode of Object.keys(cpuTimeNs) as CpuMode[]) {
    cpuTime.set(host, cpuTimeNs[mode] / 1e9, { "cpu.mode": mode }, bootUnixNs);
  }
  registry.number(SYSTEM_CPU_LOGICAL_COUNT).set(host, cpus.length);
  registry.number(SYSTEM_MEMORY_LIMIT).set(host, memory.total);
  const memoryUsage = registry.number(SYSTEM_MEMORY_USAGE);
  memoryUsage.set(host, memory.available, { "system.memory.state": "available" });
  memoryUsage.set(host, memory.total - memory.available, { "system.memory.state": "used" });
  for (const [index, definition] of LOAD_AVERAGES.entries()) {
    registry.number(definition).set(host, loadAverages[index] ?? 0);
  }
}
