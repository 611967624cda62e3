import type { ProcessSyscalls, SyscallReport, SyscallStatistics } from "@skep/tracers/syscalls";
import { cutEnd, displayWidth, printable } from "../output/text.ts";
import { type Column, GAP, layOutTable } from "../terminal/columns.ts";
import { divideRows, moreLines } from "../terminal/divide-rows.ts";
import { formatErrorCount, mostFrequent } from "../terminal/errors.ts";
import { headline } from "../terminal/headline.ts";
import { counted, formatCount, formatDuration } from "../terminal/numbers.ts";
import { cutProcess, formatProcess } from "../terminal/process-name.ts";
import { addReasons, incompleteLines, lostLines, type Reasons, sumOfReasons } from "../terminal/reasons.ts";
import type { TableSize } from "../terminal/table-size.ts";
import { weightOf } from "./add-syscall-reports.ts";
import { latencyColumn } from "./latency-column.ts";

const incompleteMeanings: Readonly<Record<string, string>> = {
  startNotSeen: "counted without latency: their start was not seen",
  unattributed: "of no process and without latency, for lack of room",
  evicted: "in the totals alone: too many processes ended",
  childrenNotFollowed: "children not followed, for lack of room",
};

/**
 * The calls that took the most, then the processes that spent the most in calls, for a terminal.
 *
 * @param subject which processes, in words; undefined for every one
 */
export function formatSyscallsTable(
  report: SyscallReport,
  subject: string | undefined,
  { columns, rows }: TableSize,
): string[] {
  const calls = report.syscalls.filter((statistics) => statistics.calls > 0);
  const processes = report.processes.filter(({ syscalls }) => sumOfCalls(syscalls) > 0);
  // Of a single process the totals say all.
  if (processes.length === 1) processes.pop();
  const head = [...headLines(report, subject, columns), ...lostLines(report.lost)];
  const tail = [...runningLines(report, columns), ...incompleteLines(report.incomplete, incompleteMeanings)];
  const [callRows, processRows] = divideRows(rows - head.length - tail.length, calls.length, processes.length);
  return [
    ...head,
    "",
    ...(callRows > 0 ? callLines(calls.slice(0, callRows), columns) : ["No system call returned."]),
    ...moreLines(calls.length, callRows),
    ...(processRows > 0 ? ["", ...processLines(processes.slice(0, processRows), columns)] : []),
    ...moreLines(processes.length, processRows),
    ...tail,
  ];
}

function headLines(
  { syscalls, durationNs, lost }: SyscallReport,
  subject: string | undefined,
  columns: number,
): string[] {
  const numbers = [
    counted(sumOfCalls(syscalls), "call"),
    `${formatCount(sumOfReasons(errorsOf(syscalls)))} failed`,
    `${formatCount(sumOfReasons(lost))} lost`,
  ];
  return headline("System calls", subject, durationNs, numbers, columns);
}

function callLines(calls: readonly SyscallStatistics[], width: number): string[] {
  const columns: readonly Column<SyscallStatistics>[] = [
    { title: "CALL", align: "start", yields: true, cell: nameOf },
    { title: "CALLS", align: "end", cell: (statistics) => formatCount(statistics.calls) },
    { title: "ERRORS", align: "end", cell: ({ errors }) => formatErrorCount(errors) },
    { title: "MOSTLY", align: "start", cell: ({ errors }) => mostFrequent(errors) },
    ...(areTimed(calls) ? timeColumns : []),
  ];
  const lines = layOutTable(columns, calls, width);
  const bars = latencyColumn(calls, width - Math.max(...lines.map(displayWidth)) - GAP.length);
  return bars === undefined ? lines : layOutTable([...columns, bars], calls, width);
}

const timeColumns: readonly Column<SyscallStatistics>[] = [
  { title: "TOTAL", align: "end", cell: (statistics) => ifTimed(statistics, ({ totalNs = 0 }) => totalNs) },
  {
    title: "MEAN",
    align: "end",
    cell: (statistics) => ifTimed(statistics, ({ totalNs = 0, timedCalls = 1 }) => totalNs / timedCalls),
  },
  { title: "MAX", align: "end", cell: (statistics) => ifTimed(statistics, ({ maxNs = 0 }) => maxNs) },
];

/** Nothing for calls such as exit_group, which never return. */
function ifTimed(statistics: SyscallStatistics, durationNs: (statistics: SyscallStatistics) => number): string {
  return (statistics.timedCalls ?? 0) === 0 ? "" : formatDuration(durationNs(statistics));
}

function processLines(processes: readonly ProcessSyscalls[], width: number): string[] {
  const timed = processes.some(({ syscalls }) => areTimed(syscalls));
  const columns: readonly Column<ProcessSyscalls>[] = [
    {
      title: "PROCESS",
      align: "start",
      most: Math.max(18, Math.floor(width * 0.25)),
      cut: cutProcess,
      cell: ({ process }) => formatProcess(process),
    },
    { title: "CALLS", align: "end", cell: ({ syscalls }) => formatCount(sumOfCalls(syscalls)) },
    { title: "ERRORS", align: "end", cell: ({ syscalls }) => formatErrorCount(errorsOf(syscalls)) },
    ...(timed ? [totalColumn] : []),
    {
      title: timed ? "MOST TIME IN" : "MOST CALLS",
      align: "start",
      yields: true,
      cut: cutEnd,
      cell: ({ syscalls }) => describeHeaviest(syscalls),
    },
  ];
  return layOutTable(columns, processes, width);
}

const totalColumn: Column<ProcessSyscalls> = {
  title: "TOTAL",
  align: "end",
  cell: ({ syscalls }) => formatDuration(syscalls.reduce((sum, { totalNs = 0 }) => sum + totalNs, 0)),
};

/** Who has been inside a call and has not come back. */
function runningLines({ syscalls }: SyscallReport, columns: number): string[] {
  const inside = syscalls.filter(({ running = 0 }) => running > 0).sort((a, b) => (b.running ?? 0) - (a.running ?? 0));
  if (inside.length === 0) return [];
  const list = inside.map((statistics) => `${nameOf(statistics)} ${formatCount(statistics.running ?? 0)}`).join(", ");
  return ["", cutEnd(`Threads still inside a call: ${list}`, columns)];
}

function nameOf({ name, compat }: SyscallStatistics): string {
  return `${printable(name)}${compat ? " (32-bit)" : ""}`;
}

function areTimed(calls: readonly SyscallStatistics[]): boolean {
  return calls.some(({ totalNs }) => totalNs !== undefined);
}

/** `read 1.2 s, openat 31 ms`: the first ones are what a line has room for. */
function describeHeaviest(syscalls: readonly SyscallStatistics[]): string {
  return syscalls
    .filter(({ calls }) => calls > 0)
    .sort((a, b) => weightOf(b) - weightOf(a))
    .map((statistics) => {
      const { totalNs, calls } = statistics;
      return `${nameOf(statistics)} ${totalNs === undefined ? formatCount(calls) : formatDuration(totalNs)}`;
    })
    .join(", ");
}

function sumOfCalls(syscalls: readonly SyscallStatistics[]): number {
  return syscalls.reduce((sum, { calls }) => sum + calls, 0);
}

function errorsOf(syscalls: readonly SyscallStatistics[]): Reasons {
  return syscalls.reduce<Reasons>((sum, { errors }) => addReasons(sum, errors), {});
}
