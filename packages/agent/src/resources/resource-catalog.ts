import type { TracedProcess } from "@skep/tracers";
import type { ProcessEvent } from "@skep/tracers/processes";
import { hostAttributes } from "./host-attributes.ts";
import type { ContainerNames } from "./pod-directory.ts";
import { processAttributes, type ResourceGrouping } from "./process-attributes.ts";
import { type CachedProcess, ProcessCache } from "./process-cache.ts";
import { ResourceTable } from "./resource-table.ts";
import { type ResourceAttributes, SCHEMA_URL, type TelemetryResource } from "./telemetry-resource.ts";

export interface ResourceCatalogSettings {
  /** Of Skep. */
  readonly version: string;
  /** Added to every resource; `service.name` and `service.version` are Skep's own. */
  readonly attributes?: ResourceAttributes;
  /** What Kubernetes calls containers; absent: it isn't asked. */
  readonly containers?: ContainerNames;
  /**
   * How long a program or container without processes is kept, and the series of its metrics with it: at least as long
   * as whoever reads them waits between two reads. Default: 60 s.
   */
  readonly retentionMs?: number;
}

const GROUPINGS: readonly ResourceGrouping[] = ["process", "program"];

const DEFAULT_RETENTION_MS = 60_000;
/** New processes that are read at once as they turn up, per second: 50 us each. The others are read with their round. */
const EARLY_READS_PER_SECOND = 200;

interface Assignment {
  readonly resource: TelemetryResource;
  /** Of the names of containers that were known then. */
  readonly revision: number;
}

/** Knows to which resource each process belongs. */
export class ResourceCatalog {
  /** The machine. */
  readonly host: TelemetryResource;
  /** Skep. */
  readonly agent: TelemetryResource;
  readonly #containers: ContainerNames | undefined;
  readonly #retentionMs: number;
  readonly #processes: ProcessCache;
  readonly #tables: Readonly<Record<ResourceGrouping, ResourceTable>>;
  readonly #assignments: Readonly<Record<ResourceGrouping, Map<CachedProcess, Assignment>>> = {
    process: new Map(),
    program: new Map(),
  };
  #earlyReads = EARLY_READS_PER_SECOND;
  #earlyReadsSinceMs = performance.now();

  constructor({ version, attributes = {}, containers, retentionMs = DEFAULT_RETENTION_MS }: ResourceCatalogSettings) {
    const { "service.name": serviceName = "skep", "service.version": _, ...ofAll } = attributes;
    const base = { ...hostAttributes(), ...ofAll };
    this.#containers = containers;
    this.#retentionMs = retentionMs;
    this.#processes = new ProcessCache((process) => this.#release(process));
    this.#tables = { process: new ResourceTable(base), program: new ResourceTable(base) };
    this.host = { attributes: base, ownAttributes: {}, schemaUrl: SCHEMA_URL };
    const agent = { "service.name": serviceName, "service.version": version, "process.pid": process.pid };
    this.agent = { attributes: { ...base, ...agent }, ownAttributes: {}, schemaUrl: SCHEMA_URL };
  }

  of(process: TracedProcess, grouping: ResourceGrouping): TelemetryResource {
    const cached = this.#processes.get(process);
    const before = this.#assignments[grouping].get(cached);
    const revision = this.#containers?.revision ?? 0;
    if (before?.revision === revision) return before.resource;
    const { containerId } = cached.facts;
    const container = containerId === undefined ? undefined : this.#containers?.find(containerId);
    const resource = this.#tables[grouping].acquire(processAttributes(cached.facts, grouping, container));
    this.#assignments[grouping].set(cached, { resource, revision });
    // After the other: a resource that stays the same is never without a process.
    if (before !== undefined) this.#tables[grouping].release(before.resource, Date.now());
    return resource;
  }

  /** Reads what a process was told as soon as it runs: by the end of the round it may be gone. */
  observe(event: ProcessEvent): void {
    switch (event.kind) {
      case "start":
        this.#processes.inherit(event.pid, event.parentPid);
        break;
      case "exec":
        if (this.#mayReadEarly()) this.#processes.add(event);
        break;
      case "exit":
        this.#processes.end(event.pid);
        break;
      case "exec-failure":
        break;
      default:
        event satisfies never;
    }
  }

  /**
   * To be called after all that is to be known of a round was asked.
   *
   * @returns resources that are no more, of programs: their series end
   */
  endRound(): readonly TelemetryResource[] {
    this.#processes.endRound();
    // A profile is complete in itself: who is asked for again is the same resource, in another object.
    this.#tables.process.takeIdle(0, Date.now());
    return this.#tables.program.takeIdle(this.#retentionMs, Date.now());
  }

  #release(process: CachedProcess): void {
    for (const grouping of GROUPINGS) {
      const assignment = this.#assignments[grouping].get(process);
      if (assignment === undefined) continue;
      this.#assignments[grouping].delete(process);
      this.#tables[grouping].release(assignment.resource, Date.now());
    }
  }

  #mayReadEarly(): boolean {
    const nowMs = performance.now();
    if (nowMs - this.#earlyReadsSinceMs >= 1000) {
      this.#earlyReads = EARLY_READS_PER_SECOND;
      this.#earlyReadsSinceMs = nowMs;
    }
    this.#earlyReads -= 1;
    return this.#earlyReads >= 0;
  }
}
