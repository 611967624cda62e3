import type { ResourceAttributes } from "./telemetry-resource.ts";

/** What Kubernetes knows of a container. */
export interface PodContainer {
  readonly attributes: ResourceAttributes;
  /** For a process that does not name its service itself; absent only where the pod has no name. */
  readonly serviceName?: string;
}

/** Attributes of this prefix among a pod's annotations are attributes of its resource. */
const ANNOTATION_PREFIX = "resource.opentelemetry.io/";
/** A node runs some 250 pods at most by default. */
const CONTAINER_LIMIT = 4096;

interface Pod {
  readonly metadata?: {
    readonly name?: unknown;
    readonly namespace?: unknown;
    readonly uid?: unknown;
    readonly annotations?: unknown;
    readonly ownerReferences?: unknown;
  };
  readonly spec?: { readonly nodeName?: unknown };
  readonly status?: {
    readonly containerStatuses?: unknown;
    readonly initContainerStatuses?: unknown;
    readonly ephemeralContainerStatuses?: unknown;
  };
}

/**
 * The containers in the answer of a kubelet to `GET /pods`, by their id.
 *
 * @throws Error when it is not a list of pods
 */
export function parsePodList(text: string): Map<string, PodContainer> {
  const list: unknown = JSON.parse(text);
  const pods = isRecord(list) ? list["items"] : undefined;
  // A node without pods answers null.
  if (!Array.isArray(pods) && pods !== null) throw new Error("the answer is not a list of pods");
  const containers = new Map<string, PodContainer>();
  for (const pod of pods ?? []) if (isRecord(pod)) addContainers(containers, pod);
  return containers;
}

function addContainers(containers: Map<string, PodContainer>, pod: Pod): void {
  const ofPod = podAttributes(pod);
  const annotated = annotatedAttributes(pod.metadata?.annotations);
  const { containerStatuses, initContainerStatuses, ephemeralContainerStatuses } = pod.status ?? {};
  for (const status of [containerStatuses, initContainerStatuses, ephemeralContainerStatuses].flat()) {
    if (!isRecord(status) || containers.size >= CONTAINER_LIMIT) continue;
    const id = containerId(status["containerID"]);
    if (id === undefined) continue;
    const name = textOf(status["name"]);
    const attributes = { ...ofPod, ...(name !== undefined && { "k8s.container.name": name }), ...annotated };
    containers.set(id, withServiceName(attributes));
  }
}

/** `containerd://ID`, `cri-o://ID`, `docker://ID`. */
function containerId(value: unknown): string | undefined {
  return /:\/\/([0-9a-f]{64})$/.exec(textOf(value) ?? "")?.[1];
}

function podAttributes({ metadata, spec }: Pod): ResourceAttributes {
  const namespace = textOf(metadata?.namespace);
  return dropUndefined({
    "k8s.namespace.name": namespace,
    "k8s.pod.name": textOf(metadata?.name),
    "k8s.pod.uid": textOf(metadata?.uid),
    "k8s.node.name": textOf(spec?.nodeName),
    "service.namespace": namespace,
    ...ownerAttributes(metadata?.ownerReferences),
  });
}

/** Who made the pod. A deployment is not among its owners, but names its replica sets after itself. */
function ownerAttributes(owners: unknown): Record<string, string | undefined> {
  const owner = Array.isArray(owners)
    ? (owners.find((candidate) => isRecord(candidate) && candidate["controller"] === true) ?? owners[0])
    : undefined;
  if (!isRecord(owner)) return {};
  const name = textOf(owner["name"]);
  switch (owner["kind"]) {
    case "ReplicaSet":
      // `shop-7d4b9c6f5`: the hash is of letters and digits that make no words (rand.SafeEncodeString).
      return {
        "k8s.replicaset.name": name,
        "k8s.deployment.name": /^(.+)-[bcdfghjklmnpqrstvwxz2456789]+$/.exec(name ?? "")?.[1],
      };
    case "StatefulSet":
      return { "k8s.statefulset.name": name };
    case "DaemonSet":
      return { "k8s.daemonset.name": name };
    case "Job":
      // A cron job appends the minute for which it made the job.
      return { "k8s.job.name": name, "k8s.cronjob.name": /^(.+)-\d{8,}$/.exec(name ?? "")?.[1] };
    default:
      return {};
  }
}

function annotatedAttributes(annotations: unknown): ResourceAttributes {
  const attributes: Record<string, string> = {};
  if (!isRecord(annotations)) return attributes;
  for (const [key, annotation] of Object.entries(annotations)) {
    const value = textOf(annotation);
    if (key.startsWith(ANNOTATION_PREFIX) && value !== undefined)
      attributes[key.slice(ANNOTATION_PREFIX.length)] = value;
  }
  return attributes;
}

/** In the order of OpenTelemetry's semantic conventions (non-normative/k8s-attributes), without labels, which are opt-in. */
const SERVICE_NAME_SOURCES = [
  "service.name",
  "k8s.deployment.name",
  "k8s.replicaset.name",
  "k8s.statefulset.name",
  "k8s.daemonset.name",
  "k8s.cronjob.name",
  "k8s.job.name",
  "k8s.pod.name",
  "k8s.container.name",
] as const;

function withServiceName({ "service.name": annotated, ...attributes }: ResourceAttributes): PodContainer {
  const all: ResourceAttributes = annotated === undefined ? attributes : { ...attributes, "service.name": annotated };
  const source = SERVICE_NAME_SOURCES.find((name) => all[name] !== undefined);
  return { attributes, ...(source !== undefined && { serviceName: String(all[source]) }) };
}

function dropUndefined(attributes: Record<string, string | undefined>): Record<string, string> {
  const defined: Record<string, string> = {};
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined) defined[name] = value;
  return defined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Text that is worth keeping. */
function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value.slice(0, 256) : undefined;
}
