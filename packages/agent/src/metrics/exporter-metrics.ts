import type { ExporterState } from "../pipeline/round.ts";
import type { MetricDefinition } from "./metric-definition.ts";
import type { MetricRegistry } from "./metric-registry.ts";
import type { MetricResources } from "./metric-resources.ts";

export const EXPORTER_DELIVERED: MetricDefinition<"skep.signal" | "server.address"> = {
  name: "skep.exporter.delivered",
  kind: "counter",
  unit: "{item}",
  description: "Data points, log records, spans or profiles that a receiver took.",
  attributes: ["skep.signal", "server.address"],
  of: "agent",
  convention: "skep",
};

export const EXPORTER_LOST: MetricDefinition<"skep.signal" | "server.address" | "skep.reason"> = {
  name: "skep.exporter.lost",
  kind: "counter",
  unit: "{item}",
  description: "Those that no receiver got or took, by reason.",
  attributes: ["skep.signal", "server.address", "skep.reason"],
  of: "agent",
  convention: "skep",
};

export const EXPORTER_QUEUE_SIZE: MetricDefinition<"skep.signal" | "server.address"> = {
  name: "skep.exporter.queue.size",
  kind: "up-down-counter",
  unit: "{batch}",
  description: "Batches that wait to be sent.",
  attributes: ["skep.signal", "server.address"],
  of: "agent",
  convention: "skep",
};

export const EXPORTER_QUEUE_MEMORY: MetricDefinition<"skep.signal" | "server.address"> = {
  name: "skep.exporter.queue.memory",
  kind: "up-down-counter",
  unit: "By",
  description: "Memory that they take.",
  attributes: ["skep.signal", "server.address"],
  of: "agent",
  convention: "skep",
};

export const EXPORTER_SPOOL: MetricDefinition<"skep.signal" | "server.address"> = {
  name: "skep.exporter.spool.usage",
  kind: "up-down-counter",
  unit: "By",
  description: "What waits on disk.",
  attributes: ["skep.signal", "server.address"],
  of: "agent",
  convention: "skep",
};

/** What became of what was to be sent. */
export function recordExporters(
  registry: MetricRegistry,
  exporters: readonly ExporterState[],
  { agent }: MetricResources,
): void {
  for (const exporter of exporters) {
    const attributes = { "skep.signal": exporter.signal, "server.address": exporter.endpoint };
    registry.number(EXPORTER_DELIVERED).set(agent, exporter.deliveredItems, attributes);
    registry.number(EXPORTER_QUEUE_SIZE).set(agent, exporter.waitingBatches, attributes);
    registry.number(EXPORTER_QUEUE_MEMORY).set(agent, exporter.memoryBytes, attributes);
    registry.number(EXPORTER_SPOOL).set(agent, exporter.spoolBytes, attributes);
    for (const reason in exporter.lostItems) {
      const lost = exporter.lostItems[reason] ?? 0;
      registry.number(EXPORTER_LOST).set(agent, lost, { ...attributes, "skep.reason": reason });
    }
  }
}
