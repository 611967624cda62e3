import type { Settings } from "../config/settings.ts";
import type { Problem } from "../pipeline/problem.ts";
import type { ContainerNames } from "../resources/pod-directory.ts";

/** Who knows what Kubernetes calls the containers of this node; nobody unless it is configured. */
export async function containerNames(
  { enabled, kubeletUrl, skipVerification }: Settings["resource"]["kubernetes"],
  environment: NodeJS.ProcessEnv,
  onProblem: (problem: Problem) => void,
): Promise<ContainerNames | undefined> {
  if (!enabled) return undefined;
  const { PodDirectory } = await import("../resources/pod-directory.ts");
  const { fetchPods } = await import("../resources/kubelet.ts");
  const url = kubeletUrl ?? `https://${environment["NODE_IP"] ?? "127.0.0.1"}:10250`;
  return new PodDirectory({
    fetch: () => fetchPods({ url, skipVerification }),
    onProblem: (message) => onProblem({ message }),
  });
}
