import { readFileSync, realpathSync, statfsSync, statSync } from "node:fs";
import { isAbsolute, join, relative } from "node:path";
import { BpfError } from "@skep/ebpf";

/** A cgroup of the v2 hierarchy, named as the kernel halves compare it. */
export interface CgroupTarget {
  readonly path: string;
  /** Its kernfs id, which is its inode number (64-bit kernels, 5.5+). */
  readonly id: bigint;
  /** Depth below the root of the hierarchy; the root is 0. */
  readonly level: number;
}

export interface CgroupMount {
  readonly mountPoint: string;
  /** The cgroup that is mounted there, as seen from this cgroup namespace: `/`, or `/../..` for a parent of it. */
  readonly root: string;
}

/** `CGROUP2_SUPER_MAGIC` of include/uapi/linux/magic.h */
const CGROUP2_SUPER_MAGIC = 0x63677270;
/** Inode of the first cgroup namespace: `PROC_CGROUP_INIT_INO` of include/linux/proc_ns.h */
const INITIAL_CGROUP_NAMESPACE = 0xeffffffb;

/**
 * Finds a cgroup by its path: absolute, or relative to where cgroup2 is mounted (`system.slice/nginx.service`).
 *
 * @throws BpfError `not-found` or `invalid-argument`, with a hint, when the path isn't a cgroup of the v2 hierarchy.
 */
export function resolveCgroup(path: string): CgroupTarget {
  const mounts = cgroupMounts(readFileSync("/proc/self/mountinfo", "utf8"));
  const [firstMount] = mounts;
  if (firstMount === undefined) {
    throw new BpfError("not-supported", "cgroup2 is not mounted on this machine", {
      hint: "mount it: mount -t cgroup2 none /sys/fs/cgroup",
    });
  }
  const hint = `cgroups are directories below ${firstMount.mountPoint}; list them: find ${firstMount.mountPoint} -type d`;
  const resolved = realpath(isAbsolute(path) ? path : join(firstMount.mountPoint, path));
  if (resolved === undefined) throw new BpfError("not-found", `there is no cgroup "${path}"`, { hint });
  if (!statSync(resolved).isDirectory() || statfsSync(resolved).type !== CGROUP2_SUPER_MAGIC) {
    throw new BpfError("invalid-argument", `"${path}" is not a cgroup of the v2 hierarchy`, { hint });
  }
  const mount = mounts.find(({ mountPoint }) => isWithin(mountPoint, resolved)) ?? firstMount;
  return { path: resolved, id: statSync(resolved, { bigint: true }).ino, level: levelOf(resolved, mount) };
}

function levelOf(path: string, mount: CgroupMount): number {
  // Inside a cgroup namespace "/" is not the hierarchy's root, and how deep it lies cannot be seen from here.
  if (mount.root === "/" && statSync("/proc/self/ns/cgroup").ino !== INITIAL_CGROUP_NAMESPACE) {
    throw new BpfError("not-supported", `the level of "${path}" cannot be seen from inside a cgroup namespace`, {
      hint: "run in the host's cgroup namespace, or mount the host's /sys/fs/cgroup into the container",
    });
  }
  const inside = relative(mount.mountPoint, path);
  return inside === "" ? 0 : inside.split("/").length;
}

/** The mounts of cgroup2 in the text of a `mountinfo` file, longest mount point first. */
export function cgroupMounts(mountinfo: string): CgroupMount[] {
  const mounts: CgroupMount[] = [];
  for (const line of mountinfo.split("\n")) {
    const [mount = "", superblock = ""] = line.split(" - ");
    if (!superblock.startsWith("cgroup2 ")) continue;
    const [, , , root = "", mountPoint = ""] = mount.split(" ");
    mounts.push({ root: unescapeOctal(root), mountPoint: unescapeOctal(mountPoint) });
  }
  return mounts.sort((a, b) => b.mountPoint.length - a.mountPoint.length);
}

/** mountinfo writes space, tab, newline and backslash as three octal digits. */
function unescapeOctal(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

function realpath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined; // missing, or not ours to see: the caller says so
  }
}

function isWithin(directory: string, path: string): boolean {
  return path === directory || path.startsWith(directory.endsWith("/") ? directory : `${directory}/`);
}
