import { type Column, layOutTable } from "../terminal/columns.ts";
import { counted, formatCount, formatDuration } from "../terminal/numbers.ts";
import { cutProcess, formatProcess } from "../terminal/process-name.ts";
import { incompleteLines, lostLines, sumOfReasons } from "../terminal/reasons.ts";
import { shortenFunctionName } from "./function-name.ts";
import { type ProfileFunction, profileFunctions } from "./profile-functions.ts";
import { type ProfileReport, type ReportUnit, reportUnit } from "./report.ts";
import { printable } from "./text.ts";

export interface TableOptions {
  /** Columns of the terminal; below 60 the lines get longer than that. Default: 80. */
  readonly columns?: number;
  /** Functions to show. Default: 20. */
  readonly rows?: number;
}

const MIN_COLUMNS = 60;
/** Wide enough for `100.0%` and `999 ms`. */
const VALUE_COLUMNS = 6;

const incompleteMeanings: Readonly<Record<string, string>> = {
  truncated: "deeper than 127 frames",
  exited: "of processes that exited before they could be looked up",
  blockedBeforeStart: "blocked since before the start, so where in the program is not known",
  childrenNotFollowed: "children not followed, for lack of room",
};

/** The functions that took the most, for a terminal: plain text with a line feed at each line's end. */
export function formatTable(report: ProfileReport, { columns = 80, rows = 20 }: TableOptions = {}): string {
  const functions = profileFunctions(report);
  const lines = [headerLine(report, functions), ...lostLines(report.lost), ""];
  if (functions.length === 0) {
    lines.push(report.mode === "on-cpu" ? "Nothing ran on a CPU." : "Nothing waited.");
  } else {
    const shown = functions.slice(0, rows);
    lines.push(...tableLines(shown, formatValue(functions, reportUnit(report)), Math.max(columns, MIN_COLUMNS)));
    const more = functions.length - shown.length;
    if (more > 0) lines.push("", `and ${counted(more, "more function")}`);
  }
  return `${[...lines, ...profileIncompleteLines(report)].join("\n")}\n`;
}

/** What the table says, at its end, about what counts though a part of it is missing. */
export function profileIncompleteLines({ incomplete = {} }: ProfileReport): string[] {
  return incompleteLines(incomplete, incompleteMeanings);
}

function headerLine(report: ProfileReport, functions: readonly ProfileFunction[]): string {
  const seconds = `${(report.durationNs / 1e9).toFixed(1)} s`;
  const tail = `${formatCount(sumOfReasons(report.lost))} lost`;
  return report.mode === "on-cpu"
    ? `${report.frequencyHz} Hz on ${counted(report.cpuCount, "CPU")} for ${seconds}: ${counted(report.sampleCount, "sample")}, ${tail}`
    : `Off-CPU for ${seconds}: ${counted(report.sampleCount, "wait")}, ${formatDuration(sumOfSelf(functions))} in all, ${tail}`;
}

function tableLines(functions: readonly ProfileFunction[], format: (value: number) => string, width: number): string[] {
  const columns: readonly Column<ProfileFunction>[] = [
    { title: "SELF", align: "end", least: VALUE_COLUMNS, cell: ({ self }) => format(self) },
    { title: "TOTAL", align: "end", least: VALUE_COLUMNS, cell: ({ total }) => format(total) },
    { title: "FUNCTION", align: "start", yields: true, cut: shortenFunctionName, cell: ({ name }) => printable(name) },
    {
      title: "MODULE",
      align: "start",
      most: Math.max(10, Math.floor(width * 0.15)),
      cell: ({ module }) => printable(module),
    },
    {
      title: "PROCESS",
      align: "start",
      most: Math.max(18, Math.floor(width * 0.2)),
      cut: cutProcess,
      cell: ({ process, pid }) => formatProcess({ name: process, pid }),
    },
  ];
  return layOutTable(columns, functions, width);
}

/** Samples are shown as shares of the whole; time off the CPU as it is, since waits run side by side. */
function formatValue(functions: readonly ProfileFunction[], unit: ReportUnit): (value: number) => string {
  switch (unit) {
    case "samples": {
      const sum = Math.max(1, sumOfSelf(functions));
      return (value) => `${((100 * value) / sum).toFixed(1)}%`;
    }
    case "nanoseconds":
      return formatDuration;
    default:
      return unit satisfies never;
  }
}

function sumOfSelf(functions: readonly ProfileFunction[]): number {
  return functions.reduce((sum, { self }) => sum + self, 0);
}
