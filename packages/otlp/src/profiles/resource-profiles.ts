import type { Resource, Scope } from "../model/resource.ts";
import type { ProcessInfo, Profile, ProfileSample } from "./profile.ts";

/** The profiles of one resource: a process or a container. */
export interface ResourceProfiles {
  readonly resource: Resource;
  readonly scopes: readonly ScopeProfiles[];
}

export interface ScopeProfiles {
  readonly scope: Scope;
  /** Each is sent as one OTLP profile per sample type, since a profile of OTLP has one. */
  readonly profiles: readonly Profile[];
}

/** How the samples of a whole machine are told apart. */
export interface GroupingOptions {
  /** Who took the profiles. */
  readonly scope: Scope;
  /**
   * The resource that a process belongs to. Processes for which it gives the same object are one resource; their
   * samples then carry the process as attributes. Default: {@link resourceOfProcess}, one for each process.
   */
  readonly resourceOf?: (process: ProcessInfo) => Resource;
}

/** The samples of some profiles by resource, as OTLP wants them; a profile is left out where it has no samples. */
export function groupByResource(profiles: readonly Profile[], options: GroupingOptions): ResourceProfiles[] {
  const { scope, resourceOf = resourceOfProcess } = options;
  const resources = new Map<ProcessInfo, Resource>();
  const profilesByResource = new Map<Resource, Profile[]>();

  for (const profile of profiles) {
    const samplesByResource = new Map<Resource, ProfileSample[]>();
    for (const sample of profile.samples) {
      const resource = upsert(resources, sample.process, () => resourceOf(sample.process));
      upsert(samplesByResource, resource, () => []).push(sample);
    }
    for (const [resource, samples] of samplesByResource) {
      upsert(profilesByResource, resource, () => []).push({ ...profile, samples });
    }
  }
  return Array.from(profilesByResource, ([resource, ofResource]) => ({
    resource,
    scopes: [{ scope, profiles: ofResource }],
  }));
}

/** What the process itself tells; `service.name` as the specification has it for a service that nobody named. */
export function resourceOfProcess(process: ProcessInfo): Resource {
  const { pid, name, executablePath, containerId } = process;
  const executableName =
    executablePath === undefined ? name : executablePath.slice(executablePath.lastIndexOf("/") + 1);
  return {
    attributes: {
      "service.name": `unknown_service:${executableName}`,
      "process.pid": pid,
      "process.executable.name": executableName,
      "process.executable.path": executablePath,
      "container.id": containerId,
    },
  };
}

function upsert<Key, Value>(map: Map<Key, Value>, key: Key, create: () => Value): Value {
  let value = map.get(key);
  if (value === undefined) {
    value = create();
    map.set(key, value);
  }
  return value;
}
