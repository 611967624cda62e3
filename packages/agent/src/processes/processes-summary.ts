import type { ProcessReport } from "@skep/tracers/processes";
import { printableJson } from "../output/text.ts";
import { headline } from "../terminal/headline.ts";
import { counted, formatCount } from "../terminal/numbers.ts";
import { incompleteLines, lostLines, sumOfReasons } from "../terminal/reasons.ts";

/** All that there was to print, and what came of it. */
export interface ProcessSummary {
  readonly report: ProcessReport;
  /** Events that happened. */
  readonly seen: number;
  /** Events that were printed; the others are in the report's `lost`. */
  readonly delivered: number;
}

const incompleteMeanings: Readonly<Record<string, string>> = {
  childrenNotFollowed: "children not followed, for lack of room",
  cgroupsUnknown: "cgroups whose path did not get through",
  threadTimesShort: "threads whose CPU time is short of their last moments",
  callsNotSeen: "system calls that may have been failed execs, and could not be looked at",
};

/** What ends the stream for people: how many events there were, and how many were lost. */
export function formatProcessSummary(
  { report }: ProcessSummary,
  subject: string | undefined,
  columns: number,
): string[] {
  const numbers = [
    counted(report.starts, "start"),
    counted(report.execs, "exec"),
    `${formatCount(sumOfReasons(report.execFailures))} failed`,
    counted(sumOfReasons(report.exits.codes) + sumOfReasons(report.exits.signals), "exit"),
    `${formatCount(sumOfReasons(report.lost))} lost`,
  ];
  return [
    ...headline("Processes", subject, report.durationNs, numbers, columns),
    ...lostLines(report.lost),
    ...incompleteLines(report.incomplete, incompleteMeanings),
  ];
}

/** What ends the stream for programs, as one JSON object on one line: seen = delivered + the sum of lost. */
export function encodeProcessSummary({ report, seen, delivered }: ProcessSummary): string {
  const { durationNs, lost, incomplete, starts, execs, execFailures, exits } = report;
  const counts = { starts, execs, execFailures, exits };
  return `${printableJson({ kind: "summary", durationNs, seen, delivered, lost, incomplete, ...counts })}\n`;
}
