import { UsageError } from "../cli/cli-error.ts";

/** Which processes a run is about. */
export type Target =
  | { readonly kind: "all" }
  | { readonly kind: "pids"; readonly pids: readonly number[] }
  | { readonly kind: "cgroup"; readonly path: string }
  | { readonly kind: "command"; readonly command: readonly [string, ...string[]] };

/** `kernel/pid.c`: PID_MAX_LIMIT, 4 million on 64-bit machines; no PID reaches it. */
const PID_LIMIT = 4_194_304;

/** Which processes, in words; undefined for the whole machine. */
export function subjectOf(target: Target): string | undefined {
  switch (target.kind) {
    case "all":
      return undefined;
    case "pids":
      return `${target.pids.length === 1 ? "process" : "processes"} ${target.pids.join(", ")}`;
    case "cgroup":
      return `cgroup ${target.path}`;
    case "command":
      return target.command.join(" ");
    default:
      return target satisfies never;
  }
}

/** @throws UsageError */
export function parseTarget(
  pids: readonly string[],
  cgroup: string | undefined,
  command: readonly string[] | undefined,
): Target {
  const given = [pids.length > 0 ? "-p" : undefined, cgroup && "--cgroup", command && "COMMAND"].filter(
    (name) => name !== undefined,
  );
  if (given.length > 1) {
    throw new UsageError(`${given.join(" and ")} cannot be combined`, "say in one way which processes are meant");
  }
  if (pids.length > 0) return { kind: "pids", pids: parsePids(pids.join(",")) };
  if (cgroup !== undefined) return { kind: "cgroup", path: cgroup };
  const [file, ...args] = command ?? [];
  if (file !== undefined) return { kind: "command", command: [file, ...args] };
  return { kind: "all" };
}

function parsePids(text: string): number[] {
  const pids = text.split(",").map((word) => {
    const pid = /^\d+$/.test(word) ? Number(word) : Number.NaN;
    if (pid >= 1 && pid < PID_LIMIT) return pid;
    throw new UsageError(`"${word}" is not a process id`, "-p takes numbers with commas between them: -p 4242,4243");
  });
  return [...new Set(pids)];
}
