import type { FileOperations, FileReport, FileStatistics, FileType } from "@skep/tracers/files";
import { cutMiddle, printable } from "../output/text.ts";
import { type Column, layOutTable } from "../terminal/columns.ts";
import { divideRows, moreLines } from "../terminal/divide-rows.ts";
import { formatErrorCount, mostFrequent } from "../terminal/errors.ts";
import { headline } from "../terminal/headline.ts";
import { counted, formatBytes, formatCount, formatDuration } from "../terminal/numbers.ts";
import { cutProcess, formatProcess } from "../terminal/process-name.ts";
import { incompleteLines, lostLines, sumOfReasons } from "../terminal/reasons.ts";
import type { TableSize } from "../terminal/table-size.ts";
import { addOperations, NO_OPERATIONS, operationsOf } from "./add-file-reports.ts";

/** Terminals that are as wide have room for the type of the file system. */
const WIDE = 100;

/** Narrower ones have none for how many reads and writes there were. */
const MEDIUM = 72;

/** Wide enough for `123 MB` and `123 ms`: so columns don't move with each refresh. */
const VALUE_COLUMNS = 6;

/** What is summed up, and what the sum is called. */
const SUMS = {
  socket: "sockets",
  pipe: "pipes",
  other: "anon inodes",
} as const satisfies Partial<Record<FileType, string>>;

const incompleteMeanings: Readonly<Record<string, string>> = {
  startedBefore: "under way since before the start",
  pathUnknown: "with a file whose path could not be read",
  evicted: "files forgotten, for lack of room",
  childrenNotFollowed: "children not followed, for lack of room",
  ioUringNotSeen: "requests to io_uring, which this kernel hides",
  asyncNotSeen: "requests to io_submit, which every kernel hides",
};

/**
 * The files that moved the most bytes, what moved through all else, then what failed most often, for a terminal.
 *
 * @param subject which processes, in words; undefined for every one
 */
export function formatFilesTable(
  report: FileReport,
  subject: string | undefined,
  { columns, rows }: TableSize,
): string[] {
  const files = report.files.filter((file) => hasPath(file) && succeeded(file) > 0);
  const failing = report.files
    .filter(({ errors }) => sumOfReasons(errors) > 0)
    .sort((a, b) => sumOfReasons(b.errors) - sumOfReasons(a.errors));
  const sums = sumRows(report);
  const head = [...headLines(report, subject, columns), ...lostLines(report.lost)];
  const tail = incompleteLines(report.incomplete, incompleteMeanings);
  const lines = rows - head.length - tail.length - sums.length;
  const [fileRows, failingRows] = divideRows(lines, files.length, failing.length);
  if (files.length + sums.length + failing.length === 0) return [...head, "", "No file was used.", ...tail];
  return [
    ...head,
    ...fileLines(files, fileRows, sums, columns),
    ...(failingRows > 0 ? ["", ...failingLines(failing.slice(0, failingRows), columns)] : []),
    ...moreLines(failing.length, failingRows),
    ...tail,
  ];
}

/** The first so many files, how many more there are, and the sums, in the same columns. */
function fileLines(files: readonly FileStatistics[], shown: number, sums: readonly FileRow[], width: number): string[] {
  const rows = [...files.slice(0, shown).map(fileRow), ...sums];
  if (rows.length === 0) return [];
  const [titles = "", ...lines] = layOutFiles(rows, width);
  return ["", titles, ...lines.slice(0, shown), ...moreLines(files.length, shown), ...lines.slice(shown)];
}

function headLines(report: FileReport, subject: string | undefined, columns: number): string[] {
  const { opens, reads, writes } = [...report.files, report.unattributed].reduce(addOperations, NO_OPERATIONS);
  const numbers = [
    counted(opens, "open"),
    counted(reads, "read"),
    counted(writes, "write"),
    `${formatCount(sumOfReasons(report.lost))} lost`,
  ];
  return headline("Files", subject, report.durationNs, numbers, columns);
}

/** What the lines of the first table are made of. */
interface FileRow {
  readonly operations: FileOperations;
  readonly fileSystem: string;
  readonly file: string;
  readonly process: string;
}

function fileRow(file: FileStatistics): FileRow {
  return {
    operations: file,
    fileSystem: printable(file.fileSystem),
    file: pathOf(file),
    process: formatProcess(file.process),
  };
}

function layOutFiles(rows: readonly FileRow[], width: number): string[] {
  const columns: readonly (Column<FileRow> & { readonly from?: number })[] = [
    { title: "READS", align: "end", from: MEDIUM, cell: ({ operations }) => countUnlessNone(operations.reads) },
    { title: "READ", align: "end", least: VALUE_COLUMNS, cell: ({ operations }) => bytesRead(operations) },
    { title: "WRITES", align: "end", from: MEDIUM, cell: ({ operations }) => countUnlessNone(operations.writes) },
    { title: "WRITTEN", align: "end", cell: ({ operations }) => bytesWritten(operations) },
    { title: "TIME", align: "end", least: VALUE_COLUMNS, cell: ({ operations }) => formatDuration(timeOf(operations)) },
    { title: "ON", align: "start", most: 10, from: WIDE, cell: ({ fileSystem }) => fileSystem },
    { title: "FILE", align: "start", yields: true, cut: cutPath, cell: ({ file }) => file },
    { title: "PROCESS", align: "start", most: processColumns(width), cut: cutProcess, cell: ({ process }) => process },
  ];
  return layOutTable(
    columns.filter(({ from = 0 }) => width >= from),
    rows,
    width,
  );
}

/** One for all sockets, one for all pipes ...; and one for what found no room among the files. */
function sumRows({ files, unattributed }: FileReport): FileRow[] {
  const rows: FileRow[] = [];
  for (const [type, name] of Object.entries(SUMS)) {
    const ofType = files.filter((file) => file.type === type);
    if (ofType.length === 0) continue;
    const pids = new Set(ofType.map(({ process }) => process.pid));
    const process = pids.size === 1 ? "1 process" : `${formatCount(pids.size)} processes`;
    rows.push({ operations: ofType.reduce(addOperations, NO_OPERATIONS), fileSystem: "", file: `[${name}]`, process });
  }
  if (operationsOf(unattributed) > 0) {
    rows.push({ operations: unattributed, fileSystem: "", file: "[unattributed]", process: "" });
  }
  return rows;
}

function failingLines(failing: readonly FileStatistics[], width: number): string[] {
  const columns: readonly Column<FileStatistics>[] = [
    { title: "ERRORS", align: "end", cell: ({ errors }) => formatErrorCount(errors) },
    { title: "MOSTLY", align: "start", cell: ({ errors }) => mostFrequent(errors) },
    { title: "FILE", align: "start", yields: true, cut: cutPath, cell: pathOf },
    {
      title: "PROCESS",
      align: "start",
      most: processColumns(width),
      cut: cutProcess,
      cell: ({ process }) => formatProcess(process),
    },
  ];
  return layOutTable(columns, failing, width);
}

function pathOf({ path, deleted }: FileStatistics): string {
  return `${printable(path)}${deleted ? " (deleted)" : ""}`;
}

/** Of a path the end says more than the beginning. */
function cutPath(path: string, columns: number): string {
  return cutMiddle(path, columns, 0.3);
}

function hasPath({ type }: FileStatistics): boolean {
  return type !== "none" && !(type in SUMS);
}

function succeeded(file: FileStatistics): number {
  return operationsOf(file) - sumOfReasons(file.errors);
}

function processColumns(width: number): number {
  return Math.max(16, Math.floor(width * 0.2));
}

function timeOf({ openNs, readNs, writeNs, syncNs }: FileOperations): number {
  return openNs + readNs + writeNs + syncNs;
}

/** Nothing stands for none: what was only read has no zeros for what was written. */
function countUnlessNone(count: number): string {
  return count === 0 ? "" : formatCount(count);
}

function bytesRead({ reads, readBytes }: FileOperations): string {
  return reads === 0 ? "" : formatBytes(readBytes);
}

function bytesWritten({ writes, writtenBytes }: FileOperations): string {
  return writes === 0 ? "" : formatBytes(writtenBytes);
}
