import { setTimeout } from "node:timers/promises";
import { LiveScreen } from "../terminal/live-screen.ts";
import { liveTableSize, type TableSize } from "../terminal/table-size.ts";
import { Progress } from "./progress.ts";
import type { Run } from "./run.ts";

/** What is needed of a tracer that counts. */
export interface CountingTracer<Report> {
  /** Resolves when none of the chosen processes runs any more. */
  readonly exited: Promise<void>;
  stop(): void;
  /** What was counted since the start or the last snapshot. */
  snapshot(): Report | Promise<Report>;
}

/** How reports are shown while there will be more of them. */
export interface LiveTable<Report> {
  /** What is being done, for standard error where the table cannot be refreshed. */
  readonly activity: string;
  /** The report of two times that follow each other. */
  readonly add: (sum: Report, next: Report) => Report;
  readonly format: (report: Report, size: TableSize) => readonly string[];
}

const REFRESH_MS = 1000;

/** The terminal, where a table can be refreshed in place: COMMAND has it for itself, and JSON is for programs. */
export function openLiveScreen(run: Run): LiveScreen | undefined {
  const isFree = process.stdout.isTTY && !run.request.json && !run.sharesTerminal;
  return isFree ? new LiveScreen(process.stdout) : undefined;
}

/** Puts the result in the place of the table that was refreshed, or simply on standard output. */
export function printResult(text: string, screen: LiveScreen | undefined): void {
  if (screen === undefined) process.stdout.write(text);
  else screen.finish(text);
}

/** Lets the run go to its end, with the table refreshed each second on `screen`, and returns all that was counted. */
export async function countUntilEnd<Report extends { readonly durationNs: number }>(
  run: Run,
  tracer: CountingTracer<Report>,
  table: LiveTable<Report>,
  screen: LiveScreen | undefined,
): Promise<Report> {
  if (screen === undefined) {
    using _progress = new Progress(table.activity, run.request.durationMs, run.sharesTerminal);
    await run.untilEnd(tracer.exited);
    tracer.stop();
    return await tracer.snapshot();
  }
  const ended = run.untilEnd(tracer.exited).then(() => true);
  let report = await tracer.snapshot();
  const show = () => {
    const lines = table.format(report, liveTableSize(process.stdout));
    screen.show([...lines, "", statusLine(report.durationNs, run.request.durationMs)]);
  };
  process.stdout.on("resize", show);
  using _listener = { [Symbol.dispose]: () => process.stdout.off("resize", show) };
  for (;;) {
    show();
    if (await Promise.race([ended, setTimeout(REFRESH_MS, false, { ref: false })])) break;
    report = table.add(report, await tracer.snapshot());
  }
  tracer.stop();
  return table.add(report, await tracer.snapshot());
}

function statusLine(elapsedNs: number, durationMs: number | undefined): string {
  const seconds = Math.round(elapsedNs / 1e9);
  return durationMs === undefined
    ? `${seconds} s; Ctrl-C ends it`
    : `${seconds} of ${durationMs / 1000} s; Ctrl-C ends it early`;
}
