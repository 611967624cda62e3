import { type ProcessEvent, ProcessTracer } from "@skep/tracers/processes";
import { Progress } from "../run/progress.ts";
import type { Run } from "../run/run.ts";
import { subjectOf } from "../run/target.ts";
import { writeEvents } from "../run/write-events.ts";
import { encodeProcessEvent } from "./process-json.ts";
import { formatProcessEvent, PROCESS_TITLES } from "./process-line.ts";
import type { ProcessSummary } from "./processes-summary.ts";

/** Prints each event from now until the run ends. */
export async function streamProcesses(run: Run): Promise<ProcessSummary> {
  const { stdout } = process;
  const { json, durationMs, target } = run.request;
  await using tracer = await ProcessTracer.start(run.targetOptions);
  if (!json) stdout.write(`${PROCESS_TITLES}\n`);
  const format = json
    ? encodeProcessEvent
    : (event: ProcessEvent) => `${formatProcessEvent(event, stdout.isTTY ? stdout.columns : undefined)}\n`;
  const writing = writeEvents(tracer.events(), format);
  {
    // On a terminal the events themselves are what is to be seen.
    const quiet = run.sharesTerminal || (stdout.isTTY && !json);
    using _progress = new Progress(`Watching ${subjectOf(target) ?? "every process"}`, durationMs, quiet);
    await run.untilEnd(tracer.exited);
  }
  tracer.stop();
  const delivered = await writing;
  return { report: await tracer.snapshot(), seen: tracer.seen, delivered };
}
