import { type ChildProcess, execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromRoot } from "../../scripts/repository.ts";
import { startChild } from "./children.ts";

const programs = fromRoot("packages/tracers/src/profiling/testing");
/** CPU time after which a program ends by itself. */
const SECONDS = "400";

/**
 * Keeps two CPUs busy with three programs of different kinds: JavaScript with a perf map, system calls, and C with frame
 * pointers; without a C compiler, with the first two.
 */
export class BusyMachine implements AsyncDisposable {
  readonly #folder: string = mkdtempSync(join(tmpdir(), "skep-bench-"));
  readonly #children: ChildProcess[] = [];

  constructor() {
    this.#start(process.execPath, ["--perf-basic-prof", join(programs, "burn.mjs"), SECONDS]);
    this.#start("dd", ["if=/dev/zero", "of=/dev/null", "bs=64k"]);
    const compiled = this.#compile();
    if (compiled !== undefined) this.#start(compiled, [SECONDS]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = this.#children.map((child) => once(child, "close"));
    for (const child of this.#children) child.kill("SIGKILL");
    await Promise.all(ended);
    // V8 writes the map of its code where profilers look for it, and leaves it there.
    for (const { pid } of this.#children) rmSync(`/tmp/perf-${pid}.map`, { force: true });
    rmSync(this.#folder, { recursive: true });
  }

  #start(command: string, args: readonly string[]): void {
    this.#children.push(startChild(command, args, this.#folder));
  }

  #compile(): string | undefined {
    const program = join(this.#folder, "burn");
    try {
      execFileSync("gcc", ["-O0", "-o", program, join(programs, "burn.c")]);
      return program;
    } catch {
      // No compiler: the other two keep two CPUs busy as well.
      return undefined;
    }
  }
}
