import { UsageError } from "../cli/cli-error.ts";
import type { ParsedOptions } from "../cli/option-spec.ts";
import type { profileOptions } from "./profile-command.ts";

/** What a command line of `skep profile` asks for: checked as far as that goes without looking at the machine. */
export interface ProfileRequest {
  readonly target: ProfileTarget;
  readonly mode: "on-cpu" | "off-cpu";
  readonly frequencyHz: number;
  /** Undefined where it was not given. */
  readonly durationMs: number | undefined;
  readonly outputPaths: readonly string[];
  readonly json: boolean;
}

export type ProfileTarget =
  | { readonly kind: "all" }
  | { readonly kind: "pids"; readonly pids: readonly number[] }
  | { readonly kind: "cgroup"; readonly path: string }
  | { readonly kind: "command"; readonly command: readonly [string, ...string[]] };

/** Not in step with timers that fire 100 times a second. */
const DEFAULT_FREQUENCY_HZ = 99;

const DEFAULT_OUTPUT_PATHS = ["skep-profile.pb.gz", "skep-profile.html"];

/** `kernel/pid.c`: PID_MAX_LIMIT, 4 million on 64-bit machines; no PID reaches it. */
const PID_LIMIT = 4_194_304;

/** What is profiled, in words; undefined for the whole machine. */
export function subjectOf(target: ProfileTarget): string | undefined {
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
export function parseProfileRequest(
  options: ParsedOptions<typeof profileOptions>,
  command: readonly string[] | undefined,
): ProfileRequest {
  return {
    target: parseTarget(options.pid, options.cgroup, command),
    mode: options["off-cpu"] ? "off-cpu" : "on-cpu",
    frequencyHz: options.frequency === undefined ? DEFAULT_FREQUENCY_HZ : parseFrequency(options.frequency),
    durationMs: options.duration === undefined ? undefined : parseDuration(options.duration),
    outputPaths: options.output.length > 0 || options.json ? options.output : DEFAULT_OUTPUT_PATHS,
    json: options.json,
  };
}

function parseTarget(
  pids: readonly string[],
  cgroup: string | undefined,
  command: readonly string[] | undefined,
): ProfileTarget {
  const given = [pids.length > 0 ? "-p" : undefined, cgroup && "--cgroup", command && "COMMAND"].filter(
    (name) => name !== undefined,
  );
  if (given.length > 1) {
    throw new UsageError(`${given.join(" and ")} cannot be combined`, "say in one way what to profile");
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

function parseFrequency(text: string): number {
  const frequencyHz = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (frequencyHz >= 1) return frequencyHz;
  throw new UsageError(`"${text}" is not a sampling frequency`, "-F takes a whole number of hertz, at least 1: -F 99");
}

function parseDuration(text: string): number {
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (seconds >= 0.1 && seconds <= 86_400) return Math.round(seconds * 1000);
  throw new UsageError(`"${text}" is not a duration`, "-d takes seconds, from 0.1 to 86400 (a day): -d 10");
}
