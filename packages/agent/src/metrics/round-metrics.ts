import { readlinkSync } from "node:fs";
import { uptime } from "node:os";
import type { Round, RoundReader } from "../pipeline/round.ts";
import { recordAgent, recordSeries } from "./agent-metrics.ts";
import { recordExporters } from "./exporter-metrics.ts";
import { recordFiles } from "./file-metrics.ts";
import { recordHost } from "./host-metrics.ts";
import type { MetricRegistry } from "./metric-registry.ts";
import type { MetricResources } from "./metric-resources.ts";
import { recordNetwork } from "./network-metrics.ts";
import { NO_OLDER_CONVENTIONS, type OlderConventions } from "./older-request-metrics.ts";
import { recordProcesses } from "./process-metrics.ts";
import { recordProfile } from "./profile-metrics.ts";
import { recordSyscalls } from "./syscall-metrics.ts";
import { recordTracers } from "./tracer-metrics.ts";

/** Adds each round to the metrics. */
export class RoundMetrics implements RoundReader {
  readonly name = "the metrics";
  readonly #registry: MetricRegistry;
  readonly #resources: MetricResources;
  readonly #older: OlderConventions;
  readonly #bootUnixNs = unixNsBefore(uptime());
  readonly #startUnixNs = unixNsBefore(process.uptime());
  readonly #hostNamespace = networkNamespaceOf(1) ?? networkNamespaceOf("self");

  /** @param older which requests are told by their older names, too */
  constructor(registry: MetricRegistry, resources: MetricResources, older: OlderConventions = NO_OLDER_CONVENTIONS) {
    this.#registry = registry;
    this.#older = older;
    this.#resources = resources;
  }

  read(round: Round): void {
    const registry = this.#registry;
    const resources = this.#resources;
    registry.beginRound(round.startUnixNs, round.endUnixNs);
    if (round.cpu !== undefined) recordProfile(registry, round.cpu, resources);
    if (round.offCpu !== undefined) recordProfile(registry, round.offCpu, resources);
    if (round.syscalls !== undefined) recordSyscalls(registry, round.syscalls, resources);
    if (round.files !== undefined) recordFiles(registry, round.files, resources);
    if (round.processes !== undefined) recordProcesses(registry, round.processes.report, resources);
    if (round.network !== undefined) {
      recordNetwork(registry, round.network, resources, this.#hostNamespace, this.#older);
    }
    recordHost(registry, round.host, resources, this.#bootUnixNs);
    recordTracers(registry, round, resources);
    recordExporters(registry, round.self.exporters, resources);
    recordAgent(registry, round.self, resources, this.#startUnixNs);
    recordSeries(registry, resources);
  }
}

/** Its number; undefined where it may not be known. */
function networkNamespaceOf(pid: number | "self"): number | undefined {
  try {
    return Number(/\d+/.exec(readlinkSync(`/proc/${pid}/ns/net`))?.[0]);
  } catch {
    return undefined;
  }
}

function unixNsBefore(seconds: number): bigint {
  return BigInt(Math.round(Date.now() - seconds * 1000)) * 1_000_000n;
}
