import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { startChild } from "./children.ts";
import { cpuTimeNs, perfEventCount, processBpf, processMemory } from "./processes.ts";
import type { Profiler } from "./profilers.ts";
import { now } from "./statistics.ts";

const POLL_MS = 5;
/** bcc compiles its program first. */
const START_LIMIT_MS = 20_000;
/** bpftrace takes minutes to name the stacks of a large program; nobody waits for that. */
const END_LIMIT_MS = 10_000;

export interface Observation {
  readonly residentBytes: number;
  readonly anonymousBytes: number;
  /** Kernel memory of its BPF maps. */
  readonly mapBytes: number;
  /** Time in its BPF program; undefined for a profiler without one. */
  readonly nsPerSample: number | undefined;
}

/** A profiler that runs. It works in a folder of its own, which goes with it. */
export class ProfilerRun implements AsyncDisposable {
  readonly pid: number;
  readonly #folder: string = mkdtempSync(join(tmpdir(), "skep-bench-"));
  readonly #startedNs: number = now();
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;
  #ended = false;

  private constructor(profiler: Profiler, seconds: number) {
    this.#child = startChild(profiler.command, profiler.args(seconds), this.#folder);
    this.pid = this.#child.pid ?? 0;
    this.#closed = once(this.#child, "close").finally(() => {
      this.#ended = true;
    });
  }

  /** Undefined when it cannot be run here: it is not installed, or ends before it samples. */
  static async start(profiler: Profiler, seconds: number): Promise<ProfilerRun | undefined> {
    const run = new ProfilerRun(profiler, seconds);
    // A program that is not there is no error of ours.
    run.#closed.catch(() => undefined);
    if (await run.#samples()) return run;
    await run[Symbol.asyncDispose]();
    return undefined;
  }

  /** Nanoseconds since it was started. */
  get ageNs(): number {
    return now() - this.#startedNs;
  }

  /** CPU time that it takes, as a part of one CPU, until it is so old. */
  async cpuUntil(ageNs: number): Promise<number> {
    const [start, used] = [now(), cpuTimeNs(this.pid)];
    await setTimeout((ageNs - this.ageNs) / 1e6);
    return (cpuTimeNs(this.pid) - used) / (now() - start);
  }

  /** What it holds now. */
  observe(): Observation {
    const memory = processMemory(this.pid);
    if (memory === undefined) throw new Error("the profiler ended before its time");
    const { mapBytes, sampleCount, sampleNs } = processBpf(this.pid);
    const { residentBytes, anonymousBytes } = memory;
    return {
      residentBytes,
      anonymousBytes,
      mapBytes,
      nsPerSample: sampleCount === 0 ? undefined : sampleNs / sampleCount,
    };
  }

  /**
   * Waits for its end, though not for ever. Peak memory and CPU time of all of it are those of its last moment that we
   * saw.
   */
  async finish(): Promise<{ readonly peakBytes: number; readonly cpuNs: number; readonly ended: boolean }> {
    let peakBytes = 0;
    let cpuNs = 0;
    const endNs = this.ageNs + END_LIMIT_MS * 1e6;
    while (!this.#ended && this.ageNs < endNs) {
      peakBytes = Math.max(peakBytes, processMemory(this.pid)?.peakBytes ?? 0);
      cpuNs = Math.max(cpuNs, this.#cpuTimeOrZero());
      await setTimeout(POLL_MS);
    }
    return { peakBytes, cpuNs, ended: this.#ended };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#closed.catch(() => undefined);
    rmSync(this.#folder, { recursive: true });
  }

  /** Resolves when it has a perf event on every CPU; false if it ends before. */
  async #samples(): Promise<boolean> {
    while (!this.#ended && this.ageNs < START_LIMIT_MS * 1e6) {
      if (perfEventCount(this.pid) >= availableParallelism()) return true;
      await setTimeout(POLL_MS);
    }
    return false;
  }

  #cpuTimeOrZero(): number {
    try {
      return cpuTimeNs(this.pid);
    } catch {
      // It has just exited: what was seen before is what counts.
      return 0;
    }
  }
}
