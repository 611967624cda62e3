import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What strace saw of a call. */
export interface StraceCount {
  readonly calls: number;
  /** By the errors' names. */
  readonly errors: Readonly<Record<string, number>>;
}

/** Calls by name, each as often as it ended. */
export type StraceCounts = Readonly<Record<string, StraceCount>>;

/** strace on a process that runs already, with its children: their calls one by one, and its own summary of them. */
export class Strace implements AsyncDisposable {
  readonly #folder: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  private constructor(folder: string, child: ChildProcess) {
    this.#folder = folder;
    this.#child = child;
    this.#ended = once(child, "close");
  }

  /** Resolves when it is attached. */
  static async attach(pid: number): Promise<Strace> {
    const folder = mkdtempSync(join(tmpdir(), "skep-strace-"));
    const child = spawn("strace", ["-C", "-f", "-o", join(folder, "log"), "-p", String(pid)], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    // "strace: Process 4242 attached"
    await once(child.stderr, "data");
    return new Strace(folder, child);
  }

  /** Resolves when the process has ended, with what its log says and what its summary says. */
  async finish(): Promise<{ readonly log: StraceCounts; readonly summary: StraceCounts }> {
    await this.#ended;
    const [log = "", summary = ""] = readFileSync(join(this.#folder, "log"), "utf8").split(/^(?=% time)/m);
    return { log: countLog(log), summary: countSummary(summary) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill();
    await this.#ended;
    rmSync(this.#folder, { recursive: true });
  }
}

/**
 * `4242 openat(AT_FDCWD, "/x", O_RDONLY) = -1 ENOENT (No such file or directory)`, where it was interrupted by a line of
 * another thread `4242 <... openat resumed>) = 3`, of one that is to be made again `= ? ERESTARTSYS (To be restarted)`.
 */
function countLog(log: string): StraceCounts {
  const counts: Record<string, { calls: number; errors: Record<string, number> }> = {};
  const end = /^\d+ +(?:<\.\.\. (\w+) resumed>|(\w+)\().* = (?:\?|-?\w+)(?: (E[A-Z0-9_]+))?/gm;
  for (const [line, resumed, whole, error] of log.matchAll(end)) {
    if (line.endsWith("<unfinished ...>")) continue;
    const name = nameOf(resumed ?? whole ?? "");
    const count = counts[name] ?? { calls: 0, errors: {} };
    counts[name] = count;
    count.calls++;
    if (error !== undefined) count.errors[error] = (count.errors[error] ?? 0) + 1;
  }
  return counts;
}

/** It writes the number of a call without a name in hexadecimal. */
function nameOf(call: string): string {
  const number = /^syscall_(0x[0-9a-f]+)$/.exec(call)?.[1];
  if (number === undefined) return call;
  return Number(number) < 1023 ? `syscall_${Number(number)}` : "unknown";
}

/** Lines such as ` 12.34    0.000123           4        30         5 openat`; the errors have no names there. */
function countSummary(summary: string): StraceCounts {
  const line = /^ *[\d.]+ +[\d.]+ +\d+ +(\d+) +(\d+)? +(\w+)$/gm;
  return Object.fromEntries(
    Array.from(summary.matchAll(line))
      .filter(([, , , name]) => name !== "total")
      .map(([, calls, errors, name]) => [name, { calls: Number(calls), errors: { all: Number(errors ?? 0) } }]),
  );
}
