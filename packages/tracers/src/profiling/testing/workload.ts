import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { after } from "node:test";
import { fileURLToPath } from "node:url";

/** For Node.js: a perf map, and no function that disappears into its caller. */
export const NAMED_FUNCTIONS: readonly string[] = [
  "--perf-basic-prof",
  "--max-inlined-bytecode-size=0",
  "--max-maglev-inlined-bytecode-size=0",
];

/** A program that a test runs and profiles. */
export class Workload implements AsyncDisposable {
  readonly pid: number;
  /** Its first line: these programs print one when they have started up, which takes seconds in an emulated machine. */
  readonly ready: Promise<string>;
  /** Its last line, once it has ended. */
  readonly lastLine: Promise<string>;
  /** Where it runs, and V8 leaves its log. */
  readonly #folder: string;
  readonly #child: ChildProcess;
  readonly #lines: Interface;
  readonly #ended: Promise<unknown>;

  constructor(command: string, args: readonly string[]) {
    this.#folder = mkdtempSync(join(tmpdir(), "skep-workload-"));
    this.#child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"], cwd: this.#folder });
    if (this.#child.pid === undefined || this.#child.stdout === null) throw new Error(`cannot start ${command}`);
    this.pid = this.#child.pid;
    this.#ended = once(this.#child, "close");
    this.#lines = createInterface(this.#child.stdout);
    this.ready = once(this.#lines, "line").then(([line]) => String(line));
    // Who doesn't ask for it doesn't care that it never came.
    this.ready.catch(() => undefined);
    let last = "";
    this.#lines.on("line", (line) => {
      last = line;
    });
    this.lastLine = this.#ended.then(() => last);
  }

  /** The line that it prints next. */
  async nextLine(): Promise<string> {
    const [line] = await once(this.#lines, "line");
    return String(line);
  }

  /** Lets one go on that waits for a line on its standard input. */
  release(): void {
    this.#child.stdin?.write("\n");
  }

  /** Kills it if it still runs. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#ended;
    rmSync(this.#folder, { recursive: true });
    rmSync(`/tmp/perf-${this.pid}.map`, { force: true });
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
