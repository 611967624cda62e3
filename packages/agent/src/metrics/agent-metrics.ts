import type { SelfSample } from "../pipeline/round.ts";
import type { MetricDefinition } from "./metric-definition.ts";
import type { MetricRegistry } from "./metric-registry.ts";
import type { MetricResources } from "./metric-resources.ts";

export const PROCESS_CPU_TIME: MetricDefinition<"cpu.mode"> = {
  name: "process.cpu.time",
  kind: "counter",
  unit: "s",
  description: "CPU time of the agent.",
  attributes: ["cpu.mode"],
  of: "agent",
  convention: "semconv",
};

export const PROCESS_MEMORY_USAGE: MetricDefinition<never> = {
  name: "process.memory.usage",
  kind: "up-down-counter",
  unit: "By",
  description: "Resident memory of the agent.",
  attributes: [],
  of: "agent",
  convention: "semconv",
};

export const ANONYMOUS_MEMORY: MetricDefinition<never> = {
  name: "skep.memory.anonymous",
  kind: "up-down-counter",
  unit: "By",
  description: "Resident memory of the agent that cannot be given back to files.",
  attributes: [],
  of: "agent",
  convention: "skep",
};

export const BPF_RUN_TIME: MetricDefinition<never> = {
  name: "skep.bpf.run_time",
  kind: "counter",
  unit: "s",
  description: "Time in Skep's BPF programs, while BPF statistics were on.",
  attributes: [],
  of: "agent",
  convention: "skep",
};

export const ROUND_COUNT: MetricDefinition<never> = {
  name: "skep.round.count",
  kind: "counter",
  unit: "{round}",
  description: "How often the tracers were read.",
  attributes: [],
  of: "agent",
  convention: "skep",
};

export const LATE_ROUND_COUNT: MetricDefinition<never> = {
  name: "skep.round.late",
  kind: "counter",
  unit: "{round}",
  description: "Rounds that took longer than their interval, so that the next one came late.",
  attributes: [],
  of: "agent",
  convention: "skep",
};

export const METRIC_SERIES: MetricDefinition<"skep.metric.name"> = {
  name: "skep.metric.series",
  kind: "up-down-counter",
  unit: "{series}",
  description: "Series that the agent keeps of a metric.",
  attributes: ["skep.metric.name"],
  of: "agent",
  convention: "skep",
};

export const METRIC_OVERFLOW: MetricDefinition<"skep.metric.name"> = {
  name: "skep.metric.overflow",
  kind: "counter",
  unit: "{measurement}",
  description:
    "Measurements that went into the series with otel.metric.overflow, since the metric had no room for one more.",
  attributes: ["skep.metric.name"],
  of: "agent",
  convention: "skep",
};

/**
 * What Skep costs.
 *
 * @param startUnixNs when the agent was started, from when on its CPU time counts
 */
export function recordAgent(
  registry: MetricRegistry,
  self: SelfSample,
  { agent }: MetricResources,
  startUnixNs: bigint,
): void {
  const cpuTime = registry.number(PROCESS_CPU_TIME);
  cpuTime.add(agent, self.cpuUserNs / 1e9, { "cpu.mode": "user" }, startUnixNs);
  cpuTime.add(agent, self.cpuSystemNs / 1e9, { "cpu.mode": "system" }, startUnixNs);
  registry.number(PROCESS_MEMORY_USAGE).set(agent, self.residentBytes);
  registry.number(ANONYMOUS_MEMORY).set(agent, self.anonymousBytes);
  registry.number(BPF_RUN_TIME).add(agent, (self.bpfRunTimeNs ?? 0) / 1e9);
  registry.number(ROUND_COUNT).add(agent, 1);
  registry.number(LATE_ROUND_COUNT).set(agent, self.lateRounds);
}

/** What the metrics themselves take. */
export function recordSeries(registry: MetricRegistry, { agent }: MetricResources): void {
  for (const { definition, size, overflowCount } of [...registry.tables]) {
    // Those of the machine and of the agent are as many as there are attributes.
    if (definition.of !== "program") continue;
    const attributes = { "skep.metric.name": definition.name };
    registry.number(METRIC_SERIES).set(agent, size, attributes);
    registry.number(METRIC_OVERFLOW).set(agent, overflowCount, attributes);
  }
}
