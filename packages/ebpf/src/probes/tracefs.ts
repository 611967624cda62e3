import { existsSync, readFileSync } from "node:fs";
import { BpfError } from "../errors.ts";
import { failure } from "../sys/failure.ts";
import { FileDescriptor } from "../sys/file-descriptor.ts";
import type { Sys } from "../sys/sys.ts";

/** Where tracefs is mounted on most systems; the second is its place in debugfs, before 4.1. */
const MOUNT_POINTS = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"];

/**
 * Calls back with a directory that holds tracefs.
 *
 * Where it is not mounted, an instance that only this process can reach is mounted nowhere and gone afterwards: the
 * host's mount table stays as it is.
 *
 * @param mountPoints for tests
 */
export function withTracefs<T>(
  sys: Sys,
  use: (directory: string) => T,
  mountPoints: readonly string[] = MOUNT_POINTS,
): T {
  const mounted = mountPoints.find((directory) => existsSync(`${directory}/events`));
  if (mounted !== undefined) return use(mounted);
  const result = sys.mountDetached("tracefs");
  if (result < 0) {
    const cause = failure(result, "fsmount", "mounting tracefs");
    const mayNot = cause.code === "not-permitted";
    throw new BpfError(
      mayNot ? "not-permitted" : "not-supported",
      `tracefs is not mounted, and ${mayNot ? "this process may not mount it" : "mounting it failed"}`,
      { hint: "mount it, as root: mount -t tracefs tracefs /sys/kernel/tracing", cause },
    );
  }
  using mount = FileDescriptor.own(sys, result, "fsmount", "mounting tracefs");
  return use(`/proc/self/fd/${mount.fd}`);
}

/** The number by which perf_event_open knows a tracepoint. */
export function tracepointId(sys: Sys, category: string, name: string): bigint {
  return withTracefs(sys, (directory) => {
    try {
      return BigInt(readFileSync(`${directory}/events/${category}/${name}/id`, "latin1").trim());
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === "EACCES") {
        throw new BpfError("not-permitted", `reading tracepoint ${category}:${name} is not permitted`, {
          hint: "run it as root, or make /sys/kernel/tracing readable",
          cause,
        });
      }
      throw new BpfError("not-found", `this kernel has no tracepoint ${category}:${name}`, { cause });
    }
  });
}
