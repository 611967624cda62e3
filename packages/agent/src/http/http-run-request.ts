import { parseRunRequest, type RunRequest } from "../run/run-request.ts";
import type { HttpOptions } from "./http-command.ts";

/** What a command line of `skep http` asks for. */
export interface HttpRunRequest extends RunRequest {
  readonly follow: boolean;
  readonly keepQuery: boolean;
  readonly tls: boolean;
}

/** @throws UsageError */
export function parseHttpRunRequest(options: HttpOptions, command: readonly string[] | undefined): HttpRunRequest {
  return {
    ...parseRunRequest(options, command),
    follow: options.follow,
    keepQuery: options["keep-query"],
    tls: !options["no-tls"],
  };
}
