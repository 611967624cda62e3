import { ExitCode } from "../cli/exit-code.ts";
import { openLiveScreen, printResult } from "../run/count-until-end.ts";
import { Run } from "../run/run.ts";
import { subjectOf } from "../run/target.ts";
import { checkSystem } from "../system/check-system.ts";
import { finalTableSize } from "../terminal/table-size.ts";
import type { FilesOptions } from "./files-command.ts";
import { encodeFilesJson } from "./files-json.ts";
import { parseFilesRequest } from "./files-request.ts";
import { formatFilesTable } from "./files-table.ts";

/** Runs `skep files`: all that can be wrong is found out first, then operations are counted, then it is told. */
export async function runFiles(options: FilesOptions, command: readonly string[] | undefined): Promise<number> {
  const request = parseFilesRequest(options, command);
  checkSystem("tracing files");
  using run = await Run.begin(request);
  const screen = openLiveScreen(run);

  // Not before it is needed: a wrong command line should not wait for the library and its native part to load.
  const { recordFiles } = await import("./record-files.ts");
  const report = await recordFiles(request, run, screen);
  run.reportCommand();

  if (request.json) {
    process.stdout.write(encodeFilesJson(report));
  } else {
    const lines = formatFilesTable(report, subjectOf(request.target), finalTableSize(process.stdout));
    printResult(`${lines.join("\n")}\n`, screen);
  }
  return ExitCode.ok;
}
