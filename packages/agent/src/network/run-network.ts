import { ExitCode } from "../cli/exit-code.ts";
import { openLiveScreen, printResult } from "../run/count-until-end.ts";
import { Run } from "../run/run.ts";
import { subjectOf } from "../run/target.ts";
import { checkSystem } from "../system/check-system.ts";
import { finalTableSize } from "../terminal/table-size.ts";
import type { NetworkOptions } from "./network-command.ts";
import { encodeNetworkSummary } from "./network-json.ts";
import { parseNetworkRunRequest } from "./network-run-request.ts";
import { formatNetworkTable } from "./network-table.ts";

/** Runs `skep network`: all that can be wrong is found out first, then the network is watched, then it is told. */
export async function runNetwork(options: NetworkOptions, command: readonly string[] | undefined): Promise<number> {
  const request = parseNetworkRunRequest(options, command);
  checkSystem("tracing the network");
  using run = await Run.begin(request);
  const screen = openLiveScreen(run);

  // Not before it is needed: a wrong command line should not wait for the library and its native part to load.
  const { recordNetwork } = await import("./record-network.ts");
  const { view, counts } = await recordNetwork(request, run, screen);
  run.reportCommand();

  if (request.json) {
    process.stdout.write(encodeNetworkSummary(view, counts));
  } else {
    const lines = formatNetworkTable(view, subjectOf(request.target), finalTableSize(process.stdout), "average");
    printResult(`${lines.join("\n")}\n`, screen);
  }
  return ExitCode.ok;
}
