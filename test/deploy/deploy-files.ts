import { readFileSync } from "node:fs";
import { parse, parseAllDocuments } from "yaml";
import { fromRoot } from "../../scripts/repository.ts";

export const unitFile: string = fromRoot("deploy/systemd/skep.service");

/** The values of a key of the unit, in the order in which they stand there. */
export function unitValues(key: string): string[] {
  const line = new RegExp(`^${key}=(.*)$`, "m").exec(readFileSync(unitFile, "utf8"))?.[1];
  if (line === undefined) throw new Error(`${unitFile} has no ${key}`);
  return line.split(" ");
}

/** Of what is read here, no more than the tests look at. */
export interface KubernetesObject {
  readonly kind: string;
  readonly data?: Readonly<Record<string, string>>;
  readonly spec?: { readonly template: { readonly spec: PodSpec } };
}

export interface PodSpec {
  readonly hostPID: boolean;
  readonly containers: readonly [Container, ...Container[]];
  readonly volumes: readonly { readonly name: string }[];
}

export interface Container {
  readonly args: readonly string[];
  readonly securityContext: {
    readonly privileged: boolean;
    readonly allowPrivilegeEscalation: boolean;
    readonly readOnlyRootFilesystem: boolean;
    readonly capabilities: { readonly drop: readonly string[]; readonly add: readonly string[] };
  };
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
}

/** The one object of this kind in deploy/kubernetes/skep.yaml. */
export function kubernetesObject(kind: string): KubernetesObject {
  const text = readFileSync(fromRoot("deploy/kubernetes/skep.yaml"), "utf8");
  const objects = parseAllDocuments(text).map((document): KubernetesObject => {
    const [error] = document.errors;
    if (error !== undefined) throw error;
    return document.toJS();
  });
  const [found, ...others] = objects.filter((object) => object.kind === kind);
  if (found === undefined || others.length > 0) throw new Error(`there are ${1 + others.length} of ${kind}, or none`);
  return found;
}

export function podSpec(): PodSpec {
  const { spec } = kubernetesObject("DaemonSet");
  if (spec === undefined) throw new Error("the DaemonSet describes no pod");
  return spec.template.spec;
}

export interface CollectorConfiguration {
  readonly receivers: Readonly<Record<string, unknown>>;
  readonly processors: Readonly<Record<string, unknown>>;
  readonly exporters: Readonly<Record<string, unknown>>;
  readonly service: {
    readonly pipelines: Readonly<
      Record<string, Readonly<Record<"receivers" | "processors" | "exporters", readonly string[]>>>
    >;
  };
}

export function collectorConfiguration(): CollectorConfiguration {
  return parse(readFileSync(fromRoot("deploy/collector/collector.yaml"), "utf8"));
}
