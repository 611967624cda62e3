import { parseRunRequest, type RunRequest } from "../run/run-request.ts";
import type { NetworkOptions } from "./network-command.ts";

/** What a command line of `skep network` asks for. */
export interface NetworkRunRequest extends RunRequest {
  readonly datagrams: boolean;
  readonly packets: boolean;
}

/** @throws UsageError */
export function parseNetworkRunRequest(
  options: NetworkOptions,
  command: readonly string[] | undefined,
): NetworkRunRequest {
  const request = parseRunRequest(options, command);
  return {
    ...request,
    datagrams: !options["no-datagrams"],
    packets: !options["no-packets"] && request.target.kind === "all",
  };
}
