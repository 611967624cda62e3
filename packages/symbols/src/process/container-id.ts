/**
 * Ids of containers in cgroup paths are 64 hexadecimal digits, whatever the runtime writes around them:
 *
 * - Docker: `/docker/ID`, `/system.slice/docker-ID.scope`
 * - containerd: `/kubepods/burstable/podUID/ID`, `kubepods-podUID.slice/cri-containerd-ID.scope`,
 *   `/system.slice/containerd.service/kubepods-podUID.slice:cri-containerd:ID`
 * - CRI-O: `crio-ID.scope`; Podman: `libpod-ID.scope`, with or without `/container` below
 *
 * The monitors of CRI-O and Podman have cgroups named for their container, but are not in it.
 */
const containerId = /(?<!conmon-)(?<![0-9a-z])[0-9a-f]{64}(?![0-9a-z])/g;

/**
 * Id of the container in the text of `/proc/PID/cgroup` (version 1 or 2); of nested ones, the innermost. Undefined
 * outside of containers.
 */
export function containerIdOf(cgroupText: string): string | undefined {
  for (const line of cgroupText.split("\n")) {
    const id = line.match(containerId)?.at(-1);
    if (id !== undefined) return id;
  }
  return undefined;
}
