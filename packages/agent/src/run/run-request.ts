import { UsageError } from "../cli/cli-error.ts";
import type { ParsedOptions } from "../cli/option-spec.ts";
import type { runOptions } from "./run-options.ts";
import { parseTarget, type Target } from "./target.ts";

/** What the options that all runs share ask for: checked as far as that goes without looking at the machine. */
export interface RunRequest {
  readonly target: Target;
  /** Undefined where it was not given. */
  readonly durationMs: number | undefined;
  readonly json: boolean;
}

/** @throws UsageError */
export function parseRunRequest(
  options: ParsedOptions<typeof runOptions>,
  command: readonly string[] | undefined,
): RunRequest {
  return {
    target: parseTarget(options.pid, options.cgroup, command),
    durationMs: options.duration === undefined ? undefined : parseDuration(options.duration),
    json: options.json,
  };
}

function parseDuration(text: string): number {
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (seconds >= 0.1 && seconds <= 86_400) return Math.round(seconds * 1000);
  throw new UsageError(`"${text}" is not a duration`, "-d takes seconds, from 0.1 to 86400 (a day): -d 10");
}
