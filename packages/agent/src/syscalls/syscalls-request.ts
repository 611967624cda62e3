import { parseNames } from "../run/name-list.ts";
import { parseRunRequest, type RunRequest } from "../run/run-request.ts";
import type { SyscallsOptions } from "./syscalls-command.ts";

/** What a command line of `skep syscalls` asks for. */
export interface SyscallsRequest extends RunRequest {
  /** Undefined: all of them. Whether they exist is for the tracer to say. */
  readonly calls: readonly string[] | undefined;
  readonly latencies: boolean;
}

/** @throws UsageError */
export function parseSyscallsRequest(
  options: SyscallsOptions,
  command: readonly string[] | undefined,
): SyscallsRequest {
  return {
    ...parseRunRequest(options, command),
    calls: parseNames(options.calls, "a system call", "-e takes names with commas between them: -e openat,read"),
    latencies: !options["counts-only"],
  };
}
