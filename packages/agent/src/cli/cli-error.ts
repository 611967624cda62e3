import { ExitCode } from "./exit-code.ts";

/** A failure that the command line explains in its own words: one line of what, then lines of what to do. */
export class CliError extends Error {
  override readonly name: string = "CliError";
  readonly exitCode: number;
  readonly hints: readonly string[];

  constructor(
    message: string,
    details: { readonly hints?: readonly string[]; readonly exitCode?: number; readonly cause?: unknown } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.hints = details.hints ?? [];
    this.exitCode = details.exitCode ?? ExitCode.failed;
  }
}

/** The command line is wrong: found before anything was started. */
export class UsageError extends CliError {
  override readonly name: string = "UsageError";

  constructor(message: string, ...hints: readonly string[]) {
    super(message, { hints, exitCode: ExitCode.wrongUsage });
  }
}
