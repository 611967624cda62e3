import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fromRoot } from "../../scripts/repository.ts";
import { startChild } from "./children.ts";
import { processBpf } from "./processes.ts";
import { now } from "./statistics.ts";

/** A tool that counts the system calls of the whole machine, as its users start it. */
export interface SyscallCounter {
  readonly name: string;
  readonly measures: "counts" | "latencies";
  /** Debian's package; undefined for our own. */
  readonly debianPackage?: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Hooks that it has when it is at work. */
  readonly hooks: number;
}

function skep(name: string, measures: "counts" | "latencies", ...calls: string[]): SyscallCounter {
  const args = [fromRoot("bench/contestants/syscall-tracer.ts"), measures, ...calls];
  return { name, measures, command: process.execPath, args, hooks: 4 };
}

const COUNT_BY_CALL = "tracepoint:raw_syscalls:sys_exit { @[comm, args->id] = count(); }";
const HISTOGRAM_BY_CALL = `tracepoint:raw_syscalls:sys_enter { @start[tid] = nsecs; }
tracepoint:raw_syscalls:sys_exit /@start[tid]/ { @[comm, args->id] = hist(nsecs - @start[tid]); delete(@start[tid]); }`;

export const skepCounts: SyscallCounter = skep("Skep, counts", "counts");
export const skepLatencies: SyscallCounter = skep("Skep, latencies", "latencies");
export const syscountCounts: SyscallCounter = {
  name: "syscount",
  measures: "counts",
  debianPackage: "libbpf-tools",
  command: "syscount",
  args: [],
  hooks: 1,
};
export const syscountLatencies: SyscallCounter = {
  ...syscountCounts,
  name: "syscount -L",
  measures: "latencies",
  args: ["-L"],
  hooks: 2,
};

export const syscallCounters: readonly SyscallCounter[] = [
  skepCounts,
  skep("- of openat and read alone", "counts", "openat", "read"),
  syscountCounts,
  {
    name: "bcc syscount",
    measures: "counts",
    debianPackage: "bpfcc-tools",
    command: "syscount-bpfcc",
    args: [],
    hooks: 1,
  },
  {
    name: "bpftrace, count()",
    measures: "counts",
    debianPackage: "bpftrace",
    command: "bpftrace",
    args: ["-e", COUNT_BY_CALL],
    hooks: 1,
  },
  skepLatencies,
  skep("- of openat and read alone", "latencies", "openat", "read"),
  syscountLatencies,
  {
    name: "bpftrace, hist()",
    measures: "latencies",
    debianPackage: "bpftrace",
    command: "bpftrace",
    args: ["-e", HISTOGRAM_BY_CALL],
    hooks: 2,
  },
];

const POLL_MS = 20;
/** bcc compiles its program first. */
const START_LIMIT_MS = 20_000;
/** From the first hook to the last one. */
const SETTLE_MS = 300;

/** A counter at work. */
export class SyscallCounterRun implements AsyncDisposable {
  readonly #folder: string = mkdtempSync(join(tmpdir(), "skep-bench-"));
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;
  #ended = false;

  private constructor({ command, args }: SyscallCounter) {
    this.#child = startChild(command, args, this.#folder);
    this.#closed = once(this.#child, "close").finally(() => {
      this.#ended = true;
    });
  }

  /** Undefined when it cannot be run here: it is not installed, or ends before it counts. */
  static async start(counter: SyscallCounter): Promise<SyscallCounterRun | undefined> {
    const run = new SyscallCounterRun(counter);
    // A program that is not there is no error of ours.
    run.#closed.catch(() => undefined);
    const limitNs = now() + START_LIMIT_MS * 1e6;
    while (!run.#ended && now() < limitNs) {
      if (hooksOf(run.#pid) >= counter.hooks) {
        await setTimeout(SETTLE_MS);
        return run;
      }
      await setTimeout(POLL_MS);
    }
    await run[Symbol.asyncDispose]();
    return undefined;
  }

  /** Kernel memory of its BPF maps. */
  mapBytes(): number {
    return processBpf(this.#pid).mapBytes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#closed.catch(() => undefined);
    rmSync(this.#folder, { recursive: true });
  }

  get #pid(): number {
    return this.#child.pid ?? 0;
  }
}

/** Perf events and BPF links that a process has open. */
function hooksOf(pid: number): number {
  const folder = `/proc/${pid}/fd`;
  try {
    const targets = readdirSync(folder).map((fd) => readlinkSync(join(folder, fd)));
    return targets.filter((target) => /^anon_inode:(\[perf_event\]|bpf[_-]link)$/.test(target)).length;
  } catch {
    // It ends, or closes a descriptor, while we look: the next look tells.
    return 0;
  }
}
