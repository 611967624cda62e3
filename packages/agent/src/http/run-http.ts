import { ExitCode } from "../cli/exit-code.ts";
import { openLiveScreen, printResult } from "../run/count-until-end.ts";
import { Run } from "../run/run.ts";
import { subjectOf } from "../run/target.ts";
import { checkSystem } from "../system/check-system.ts";
import { finalTableSize } from "../terminal/table-size.ts";
import type { HttpOptions } from "./http-command.ts";
import { encodeHttpSummary } from "./http-json.ts";
import { parseHttpRunRequest } from "./http-run-request.ts";
import { formatHttpTable } from "./http-table.ts";

/** Runs `skep http`: all that can be wrong is found out first, then requests are followed, then it is told. */
export async function runHttp(options: HttpOptions, command: readonly string[] | undefined): Promise<number> {
  const request = parseHttpRunRequest(options, command);
  checkSystem("tracing HTTP");
  using run = await Run.begin(request);
  // Lines of requests have the terminal to themselves.
  const screen = request.follow ? undefined : openLiveScreen(run);

  // Not before it is needed: a wrong command line should not wait for the library and its native part to load.
  const { recordHttp } = await import("./record-http.ts");
  const { report, counts } = await recordHttp(request, run, screen);
  run.reportCommand();

  if (request.json) {
    process.stdout.write(encodeHttpSummary(report, counts));
  } else {
    const lines = formatHttpTable(report, subjectOf(request.target), finalTableSize(process.stdout));
    printResult(`${request.follow ? "\n" : ""}${lines.join("\n")}\n`, screen);
  }
  return ExitCode.ok;
}
