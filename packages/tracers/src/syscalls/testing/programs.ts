import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { fileURLToPath } from "node:url";
import { Workload } from "../../profiling/testing/workload.ts";

/** Compiles a program of this folder into one that goes with the test. */
export function compileProgram(source: string): string {
  const folder = mkdtempSync(join(tmpdir(), "skep-program-"));
  after(() => rmSync(folder, { recursive: true }));
  const program = join(folder, source.replace(/\.c$/, ""));
  execFileSync("gcc", ["-O1", "-Wall", "-Werror", "-pthread", "-o", program, programPath(source)]);
  return program;
}

export function programPath(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

/** A program that waits to be released, and then becomes the given one: until then it is a shell that reads a line. */
export function held(command: string, ...args: string[]): Workload {
  return new Workload("/bin/sh", ["-c", 'echo ready; read -r _; exec "$0" "$@"', command, ...args]);
}
