import { UsageError } from "../cli/cli-error.ts";
import { parseRunRequest, type RunRequest } from "../run/run-request.ts";
import type { ProfileOptions } from "./profile-command.ts";

/** What a command line of `skep profile` asks for: checked as far as that goes without looking at the machine. */
export interface ProfileRequest extends RunRequest {
  readonly mode: "on-cpu" | "off-cpu";
  readonly frequencyHz: number;
  readonly outputPaths: readonly string[];
}

/** Not in step with timers that fire 100 times a second. */
const DEFAULT_FREQUENCY_HZ = 99;

const DEFAULT_OUTPUT_PATHS = ["skep-profile.pb.gz", "skep-profile.html"];

/** @throws UsageError */
export function parseProfileRequest(options: ProfileOptions, command: readonly string[] | undefined): ProfileRequest {
  return {
    ...parseRunRequest(options, command),
    mode: options["off-cpu"] ? "off-cpu" : "on-cpu",
    frequencyHz: options.frequency === undefined ? DEFAULT_FREQUENCY_HZ : parseFrequency(options.frequency),
    outputPaths: options.output.length > 0 || options.json ? options.output : DEFAULT_OUTPUT_PATHS,
  };
}

function parseFrequency(text: string): number {
  const frequencyHz = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (frequencyHz >= 1) return frequencyHz;
  throw new UsageError(`"${text}" is not a sampling frequency`, "-F takes a whole number of hertz, at least 1: -F 99");
}
