import { ExitCode } from "../cli/exit-code.ts";
import { Run } from "../run/run.ts";
import { parseRunRequest } from "../run/run-request.ts";
import { subjectOf } from "../run/target.ts";
import { checkSystem } from "../system/check-system.ts";
import type { ProcessesOptions } from "./processes-command.ts";
import { encodeProcessSummary, formatProcessSummary } from "./processes-summary.ts";

/** Runs `skep processes`: all that can be wrong is found out first, then events are printed as they come. */
export async function runProcesses(options: ProcessesOptions, command: readonly string[] | undefined): Promise<number> {
  const request = parseRunRequest(options, command);
  checkSystem("tracing processes");
  using run = await Run.begin(request);

  // Not before it is needed: a wrong command line should not wait for the library and its native part to load.
  const { streamProcesses } = await import("./stream-processes.ts");
  const summary = await streamProcesses(run);
  run.reportCommand();

  if (request.json) {
    process.stdout.write(encodeProcessSummary(summary));
  } else {
    const lines = formatProcessSummary(summary, subjectOf(request.target), process.stdout.columns ?? 80);
    process.stdout.write(`\n${lines.join("\n")}\n`);
  }
  return ExitCode.ok;
}
