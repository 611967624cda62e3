import type { Round, TracerState } from "../pipeline/round.ts";
import type { TelemetryResource } from "../resources/telemetry-resource.ts";
import type { MetricDefinition } from "./metric-definition.ts";
import type { MetricRegistry } from "./metric-registry.ts";
import type { MetricResources } from "./metric-resources.ts";

export const EVENTS_SEEN: MetricDefinition<"skep.tracer"> = {
  name: "skep.event.seen",
  kind: "counter",
  unit: "{event}",
  description:
    "What the kernel half of a tracer saw: samples, intervals, calls, operations, events of processes, requests.",
  attributes: ["skep.tracer"],
  of: "agent",
  convention: "skep",
};

export const EVENTS_DELIVERED: MetricDefinition<"skep.tracer"> = {
  name: "skep.event.delivered",
  kind: "counter",
  unit: "{event}",
  description: "What of it is in the tracer's reports.",
  attributes: ["skep.tracer"],
  of: "agent",
  convention: "skep",
};

export const EVENTS_LOST: MetricDefinition<"skep.tracer" | "skep.reason"> = {
  name: "skep.event.lost",
  kind: "counter",
  unit: "{event}",
  description: "What of it is not, by reason.",
  attributes: ["skep.tracer", "skep.reason"],
  of: "agent",
  convention: "skep",
};

export const EVENTS_INCOMPLETE: MetricDefinition<"skep.tracer" | "skep.reason"> = {
  name: "skep.event.incomplete",
  kind: "counter",
  unit: "{event}",
  description: "What was delivered though something about it is not known, by reason.",
  attributes: ["skep.tracer", "skep.reason"],
  of: "agent",
  convention: "skep",
};

export const BPF_MAP_MEMORY: MetricDefinition<"skep.tracer"> = {
  name: "skep.bpf.map.memory",
  kind: "up-down-counter",
  unit: "By",
  description: "Kernel memory of Skep's BPF maps.",
  attributes: ["skep.tracer"],
  of: "agent",
  convention: "skep",
};

export const TRACER_STATUS: MetricDefinition<"skep.tracer" | "skep.tracer.state"> = {
  name: "skep.tracer.status",
  kind: "gauge",
  unit: "{tracer}",
  description: "1 for the state that a tracer is in, 0 for the others.",
  attributes: ["skep.tracer", "skep.tracer.state"],
  of: "agent",
  convention: "skep",
};

export const TRACER_SAMPLING_FACTOR: MetricDefinition<"skep.tracer"> = {
  name: "skep.tracer.sampling_factor",
  kind: "gauge",
  unit: "{event}",
  description: "What one observation of a tracer stands for; 1 where it sees everything.",
  attributes: ["skep.tracer"],
  of: "agent",
  convention: "skep",
};

const STATES: readonly TracerState["state"][] = ["on", "reduced", "off"];

/** What the tracers are at, and what became of what they saw. */
export function recordTracers(registry: MetricRegistry, round: Round, { agent }: MetricResources): void {
  for (const { name, state: current, samplingFactor } of round.tracers) {
    const attributes = { "skep.tracer": name };
    for (const state of STATES) {
      const isCurrent = state === current ? 1 : 0;
      registry.number(TRACER_STATUS).set(agent, isCurrent, { ...attributes, "skep.tracer.state": state });
    }
    registry.number(TRACER_SAMPLING_FACTOR).set(agent, samplingFactor, attributes);
  }
  for (const { name, seen, delivered, lost, mapBytes } of round.self.tracers) {
    const attributes = { "skep.tracer": name };
    registry.number(EVENTS_SEEN).set(agent, seen, attributes);
    registry.number(EVENTS_DELIVERED).set(agent, delivered, attributes);
    registry.number(BPF_MAP_MEMORY).set(agent, mapBytes, attributes);
    for (const reason in lost) {
      registry.number(EVENTS_LOST).set(agent, lost[reason] ?? 0, { ...attributes, "skep.reason": reason });
    }
  }
  recordIncomplete(registry, round, agent);
}

/** The reports have it for their own time. */
function recordIncomplete(registry: MetricRegistry, round: Round, agent: TelemetryResource): void {
  const reports = [
    ["cpu", round.cpu],
    ["off-cpu", round.offCpu],
    ["syscalls", round.syscalls],
    ["processes", round.processes?.report],
    ["files", round.files],
    ["network", round.network],
  ] as const;
  for (const [tracer, report] of reports) {
    for (const [reason, count] of Object.entries(report?.incomplete ?? {})) {
      registry.number(EVENTS_INCOMPLETE).add(agent, count, { "skep.tracer": tracer, "skep.reason": reason });
    }
  }
}
