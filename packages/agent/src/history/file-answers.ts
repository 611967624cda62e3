import type { FileNumbers, FileRow } from "./answers.ts";
import { joinRows } from "./rows.ts";
import { FILE_ROWS, type FileSpan } from "./span.ts";
import type { HistoryTables, KeptFile } from "./tables.ts";

const MAXIMUM_FILES = 1000;

export interface FileList {
  readonly files: readonly FileRow[];
  readonly others?: FileNumbers;
  readonly fileCount: number;
}

/** Files of all processes, or of one: those with most time spent first. What is too much for the list is added up. */
export function fileList(tables: HistoryTables, spans: readonly FileSpan[], pid: number | undefined): FileList {
  const known: FileRow[] = [];
  const others: FileNumbers[] = [];
  joinRows(
    FILE_ROWS,
    spans.map(({ rows }) => rows),
  ).each((process, file, numbers) => {
    if (pid !== undefined && tables.pidOf(process) !== pid) return;
    const keptFile: KeptFile | undefined = tables.file(file);
    if (keptFile === undefined) others.push(numbers);
    else known.push({ process: tables.process(process), file: keptFile, ...numbers });
  });
  known.sort((a, b) => b.durationNs - a.durationNs || bytesOf(b) - bytesOf(a));
  others.push(...known.slice(MAXIMUM_FILES));
  return {
    files: known.slice(0, MAXIMUM_FILES),
    ...(others.length > 0 && { others: others.reduce(added) }),
    fileCount: known.length,
  };
}

function bytesOf({ readBytes, writtenBytes }: FileNumbers): number {
  return readBytes + writtenBytes;
}

function added(a: FileNumbers, b: FileNumbers): FileNumbers {
  return {
    opens: a.opens + b.opens,
    reads: a.reads + b.reads,
    writes: a.writes + b.writes,
    syncs: a.syncs + b.syncs,
    readBytes: a.readBytes + b.readBytes,
    writtenBytes: a.writtenBytes + b.writtenBytes,
    durationNs: a.durationNs + b.durationNs,
    errors: a.errors + b.errors,
  };
}
