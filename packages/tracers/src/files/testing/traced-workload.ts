import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { fileURLToPath } from "node:url";
import { Workload } from "../../profiling/testing/workload.ts";
import { noteLeftOut } from "../../testing/exact-test.ts";
import type { FileReport, FileStatistics } from "../file-report.ts";
import { FileTracer } from "../file-tracer.ts";
import type { FileTracerOptions } from "../file-tracer-options.ts";

/** An empty folder that goes with the tests of the file. */
export function testFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "skep-files-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** @param environment variables to set for it */
export function scenario(name: string, folder: string, environment: Readonly<Record<string, string>> = {}): Workload {
  const variables = Object.entries(environment).map(([variable, value]) => `${variable}=${value}`);
  return new Workload("env", [...variables, process.execPath, scenariosPath, name, folder]);
}

const scenariosPath = fileURLToPath(new URL("scenarios.mjs", import.meta.url));

/** A shell that waits for a line before it runs the script. */
export function shell(script: string): Workload {
  return new Workload("/bin/sh", ["-c", `echo ready; read -r _; ${script}`]);
}

/** What was counted since the last time; for tests of exact numbers. */
export async function takeReport(tracer: FileTracer): Promise<FileReport> {
  const report = await tracer.snapshot();
  noteLeftOut(report);
  return report;
}

/** What the workload did from when it was let go to its end; and its last line. */
export async function traceToEnd(
  workload: Workload,
  options: FileTracerOptions = {},
): Promise<{ report: FileReport; lastLine: string }> {
  await workload.ready;
  await using tracer = await FileTracer.start({ pids: [workload.pid], ...options });
  workload.release();
  await tracer.exited;
  tracer.stop();
  return { report: await takeReport(tracer), lastLine: await workload.lastLine };
}

/** Those below a folder, by what follows its name; a removed one by that and " (deleted)", as /proc has it. */
export function filesBelow(folder: string, { files }: FileReport): Map<string, FileStatistics> {
  return new Map(
    files
      .filter(({ path }) => path.startsWith(`${folder}/`))
      .map((file) => [`${file.path.slice(folder.length + 1)}${file.deleted ? " (deleted)" : ""}`, file]),
  );
}
