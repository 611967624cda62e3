import { type SyscallReport, SyscallTracer } from "@skep/tracers/syscalls";
import { countUntilEnd } from "../run/count-until-end.ts";
import type { Run } from "../run/run.ts";
import { subjectOf } from "../run/target.ts";
import type { LiveScreen } from "../terminal/live-screen.ts";
import type { TableSize } from "../terminal/table-size.ts";
import { addSyscallReports } from "./add-syscall-reports.ts";
import type { SyscallsRequest } from "./syscalls-request.ts";
import { formatSyscallsTable } from "./syscalls-table.ts";

/** Counts from now until the run ends. */
export async function recordSyscalls(
  { calls, latencies, target }: SyscallsRequest,
  run: Run,
  screen: LiveScreen | undefined,
): Promise<SyscallReport> {
  await using tracer = await SyscallTracer.start({
    ...run.targetOptions,
    ...(calls !== undefined && { calls }),
    latencies,
  });
  const subject = subjectOf(target);
  const table = {
    activity: `Counting system calls of ${subject ?? "every process"}`,
    add: addSyscallReports,
    format: (report: SyscallReport, size: TableSize) => formatSyscallsTable(report, subject, size),
  };
  return await countUntilEnd(run, tracer, table, screen);
}
