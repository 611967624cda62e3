import { type ResourceAttributes, SCHEMA_URL, type TelemetryResource } from "./telemetry-resource.ts";

interface Entry {
  readonly resource: TelemetryResource;
  /** Processes that are alive and of this resource. */
  processes: number;
  /** When the last of them was forgotten. */
  idleSinceMs: number;
}

const RESOURCE_LIMIT = 4096;

/** The resources there are: one object for each choice of attributes, as long as it has processes and some time after. */
export class ResourceTable {
  readonly #base: ResourceAttributes;
  readonly #limit: number;
  readonly #entries = new Map<string, Entry>();
  readonly #keys = new WeakMap<TelemetryResource, string>();

  /**
   * @param base attributes of the machine, which all resources have
   * @param limit of resources, those that have processes excepted
   */
  constructor(base: ResourceAttributes, limit: number = RESOURCE_LIMIT) {
    this.#base = base;
    this.#limit = limit;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The resource of these attributes, with one process more. */
  acquire(own: ResourceAttributes): TelemetryResource {
    const key = JSON.stringify(Object.entries(own).sort(([a], [b]) => (a < b ? -1 : 1)));
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      const resource = { attributes: { ...this.#base, ...own }, ownAttributes: own, schemaUrl: SCHEMA_URL };
      entry = { resource, processes: 0, idleSinceMs: 0 };
      this.#entries.set(key, entry);
      this.#keys.set(resource, key);
    }
    entry.processes += 1;
    return entry.resource;
  }

  /** One process less. */
  release(resource: TelemetryResource, nowMs: number): void {
    const entry = this.#entries.get(this.#keys.get(resource) ?? "");
    if (entry === undefined) return;
    entry.processes -= 1;
    entry.idleSinceMs = nowMs;
  }

  /** Takes out those that have had no process for this long, or sooner where there are too many. */
  takeIdle(retentionMs: number, nowMs: number): TelemetryResource[] {
    const idle: TelemetryResource[] = [];
    for (const [key, { resource, processes, idleSinceMs }] of this.#entries) {
      if (processes > 0) continue;
      if (nowMs - idleSinceMs < retentionMs && this.#entries.size <= this.#limit) continue;
      this.#entries.delete(key);
      idle.push(resource);
    }
    return idle;
  }
}
