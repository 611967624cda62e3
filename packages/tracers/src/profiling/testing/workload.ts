import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { fileURLToPath } from "node:url";

/** A program that a test runs and profiles. */
export class Workload implements AsyncDisposable {
  readonly pid: number;
  /** All that it printed, once it has ended. */
  readonly output: Promise<string>;
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  constructor(command: string, args: readonly string[]) {
    this.#child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
    if (this.#child.pid === undefined || this.#child.stdout === null) throw new Error(`cannot start ${command}`);
    this.pid = this.#child.pid;
    this.#ended = once(this.#child, "close");
    let text = "";
    this.#child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
    this.output = this.#ended.then(() => text);
  }

  /** Kills it if it still runs. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#ended;
  }
}

/** Compiles a program of this folder, with frame pointers, into a folder that goes with the test. */
export function compileWorkload(source: string): string {
  const folder = mkdtempSync(join(tmpdir(), "skep-workload-"));
  after(() => rmSync(folder, { recursive: true }));
  const program = join(folder, source.replace(/\..*$/, ""));
  // Optimised, GCC 12 leaves the frame pointer out of leaf functions whatever it is told, and their callers go missing.
  const flags = ["-g", "-O0", "-Wall", "-Werror"];
  execFileSync(source.endsWith(".cpp") ? "g++" : "gcc", [...flags, "-o", program, workloadPath(source)]);
  return program;
}

export function workloadPath(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}
