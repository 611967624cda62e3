import { UsageError } from "../cli/cli-error.ts";
import { parseNames } from "../run/name-list.ts";
import { parseRunRequest, type RunRequest } from "../run/run-request.ts";
import type { FilesOptions } from "./files-command.ts";

/** What a command line of `skep files` asks for. */
export interface FilesRequest extends RunRequest {
  /** Undefined: slow operations are not asked for. */
  readonly slowNs: number | undefined;
  /** Undefined: all of them. */
  readonly fileSystems: readonly string[] | undefined;
}

/** @throws UsageError */
export function parseFilesRequest(options: FilesOptions, command: readonly string[] | undefined): FilesRequest {
  return {
    ...parseRunRequest(options, command),
    slowNs: options.slow === undefined ? undefined : parseMilliseconds(options.slow),
    fileSystems: parseNames(
      options.fs,
      "a type of file systems",
      "--fs takes types with commas between them: --fs ext4,tmpfs",
    ),
  };
}

function parseMilliseconds(text: string): number {
  const milliseconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (milliseconds >= 0.001 && milliseconds <= 3_600_000) return Math.round(milliseconds * 1e6);
  throw new UsageError(
    `"${text}" is not a number of milliseconds`,
    "--slow takes milliseconds, from 0.001 to 3600000 (an hour): --slow 10",
  );
}
