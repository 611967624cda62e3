import { ExitCode } from "../cli/exit-code.ts";
import { openLiveScreen, printResult } from "../run/count-until-end.ts";
import { Run } from "../run/run.ts";
import { subjectOf } from "../run/target.ts";
import { checkSystem } from "../system/check-system.ts";
import { finalTableSize } from "../terminal/table-size.ts";
import type { SyscallsOptions } from "./syscalls-command.ts";
import { encodeSyscallsJson } from "./syscalls-json.ts";
import { parseSyscallsRequest } from "./syscalls-request.ts";
import { formatSyscallsTable } from "./syscalls-table.ts";

/** Runs `skep syscalls`: all that can be wrong is found out first, then calls are counted, then it is told. */
export async function runSyscalls(options: SyscallsOptions, command: readonly string[] | undefined): Promise<number> {
  const request = parseSyscallsRequest(options, command);
  checkSystem("tracing system calls");
  using run = await Run.begin(request);
  const screen = openLiveScreen(run);

  // Not before it is needed: a wrong command line should not wait for the library and its native part to load.
  const { recordSyscalls } = await import("./record-syscalls.ts");
  const report = await recordSyscalls(request, run, screen);
  run.reportCommand();

  if (request.json) {
    process.stdout.write(encodeSyscallsJson(report));
  } else {
    const lines = formatSyscallsTable(report, subjectOf(request.target), finalTableSize(process.stdout));
    printResult(`${lines.join("\n")}\n`, screen);
  }
  return ExitCode.ok;
}
