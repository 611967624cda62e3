import { type FileReport, FileTracer } from "@skep/tracers/files";
import { countUntilEnd } from "../run/count-until-end.ts";
import type { Run } from "../run/run.ts";
import { subjectOf } from "../run/target.ts";
import { writeEvents } from "../run/write-events.ts";
import type { LiveScreen } from "../terminal/live-screen.ts";
import type { TableSize } from "../terminal/table-size.ts";
import { addFileReports } from "./add-file-reports.ts";
import { encodeSlowOperation } from "./files-json.ts";
import type { FilesRequest } from "./files-request.ts";
import { formatFilesTable } from "./files-table.ts";
import { slowOperationLines } from "./slow-line.ts";

/** Counts from now until the run ends, and prints slow operations as they end. */
export async function recordFiles(
  { fileSystems, slowNs, json, target }: FilesRequest,
  run: Run,
  screen: LiveScreen | undefined,
): Promise<FileReport> {
  const { stdout } = process;
  await using tracer = await FileTracer.start({
    ...run.targetOptions,
    ...(fileSystems !== undefined && { fileSystems }),
    ...(slowNs !== undefined && { slowNs }),
  });
  const format = json ? encodeSlowOperation : slowOperationLines(() => (stdout.isTTY ? stdout.columns : undefined));
  const writing = slowNs === undefined ? undefined : writeEvents(tracer.events(), format, screen);

  const subject = subjectOf(target);
  const table = {
    activity: `Counting what ${subject ?? "every process"} does with files`,
    add: addFileReports,
    format: (report: FileReport, size: TableSize) => formatFilesTable(report, subject, size),
  };
  const report = await countUntilEnd(run, tracer, table, screen);
  await writing;
  return report;
}
