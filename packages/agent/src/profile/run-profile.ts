import { ExitCode } from "../cli/exit-code.ts";
import { encodeJson } from "../output/json.ts";
import { formatTable, profileIncompleteLines, type TableOptions } from "../output/table.ts";
import { Run } from "../run/run.ts";
import { subjectOf } from "../run/target.ts";
import { checkSystem } from "../system/check-system.ts";
import { OutputFiles, parseOutputPaths } from "./output-files.ts";
import type { ProfileOptions } from "./profile-command.ts";
import { parseProfileRequest } from "./profile-request.ts";

/** Runs `skep profile`: all that can be wrong is found out first, then the machine is measured, then it is told. */
export async function runProfile(options: ProfileOptions, command: readonly string[] | undefined): Promise<number> {
  const request = parseProfileRequest(options, command);
  const outputRequests = parseOutputPaths(request.outputPaths);
  checkSystem("profiling");
  using outputs = OutputFiles.open(outputRequests);
  using run = await Run.begin(request, () => outputs[Symbol.dispose]());

  // Not before it is needed: a wrong command line should not wait for the library and its native part to load.
  const { recordProfile } = await import("./record-profile.ts");
  const profile = await recordProfile(request, run);
  run.reportCommand();

  const subject = subjectOf(request.target);
  const report = { ...profile, ...(subject !== undefined && { subject }) };
  process.stdout.write(
    request.json ? encodeJson(report) : formatTable(report, tableSize(profileIncompleteLines(report).length)),
  );
  // All but the JSON object stays off standard output when that was asked for.
  const notes = request.json ? process.stderr : process.stdout;
  outputs.write(report, (path) => notes.write(`Wrote ${path}\n`));
  return ExitCode.ok;
}

/** As wide as the terminal, and so high that its first line is still to be seen above the prompt. */
function tableSize(incompleteLineCount: number): TableOptions {
  const { columns = 80, rows = 29 } = process.stdout;
  return { columns, rows: Math.min(20, Math.max(5, rows - 9 - incompleteLineCount)) };
}
