import type { EnvironmentAttributes } from "./environment-attributes.ts";
import type { PodContainer } from "./pod-list.ts";
import type { ResourceAttributes } from "./telemetry-resource.ts";

/** What is known of a process for the sake of its resource. */
export interface ProcessFacts {
  readonly pid: number;
  /** Of the first thread, or of the thread that was seen. */
  readonly name: string;
  readonly executablePath?: string;
  readonly containerId?: string;
  readonly isKernelThread: boolean;
  readonly environment: EnvironmentAttributes;
}

/**
 * Which processes are one resource. Those of a container that have one service name are one in any case; of the others,
 *
 * - `process`: each is one, with its pid
 * - `program`: all of one executable are one, which is what a metric can have a series for
 */
export type ResourceGrouping = "process" | "program";

/**
 * The attributes of a process's resource but for those of the machine.
 *
 * The service's name is what the process itself was told by the variables of OpenTelemetry; else what Kubernetes knows;
 * else `unknown_service:EXECUTABLE`, as the specification has it.
 */
export function processAttributes(
  facts: ProcessFacts,
  grouping: ResourceGrouping,
  pod: PodContainer | undefined,
): ResourceAttributes {
  const { pid, executablePath, containerId, environment } = facts;
  const executableName = executableNameOf(facts);
  const serviceName = environment["service.name"] ?? pod?.serviceName ?? `unknown_service:${executableName}`;
  const service = { ...pod?.attributes, ...environment, "service.name": serviceName };
  if (containerId !== undefined) return { ...service, "container.id": containerId };
  return {
    ...service,
    "process.executable.name": executableName,
    ...(executablePath !== undefined && { "process.executable.path": executablePath }),
    ...(grouping === "process" && !facts.isKernelThread && { "process.pid": pid }),
  };
}

/** All kernel threads are one program: the kernel gives each a name of its own. */
function executableNameOf({ name, executablePath, isKernelThread }: ProcessFacts): string {
  if (isKernelThread) return "kernel";
  if (executablePath === undefined) return name;
  const path = executablePath.replace(/ \(deleted\)$/, "");
  return path.slice(path.lastIndexOf("/") + 1) || name;
}
