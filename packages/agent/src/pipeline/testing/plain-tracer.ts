import type { Observation, RunningTracer } from "../running-tracer.ts";
import type { TracerStarters } from "../tracer-starters.ts";

/** A tracer without a kernel: tells what it was given to tell, and writes down what was done with it. */
export class PlainTracer implements RunningTracer {
  readonly log: string[] = [];
  runTimeNs = 0;
  /** Told by the next observation, unless it is an error. */
  next: Partial<Observation> | Error = {};
  /** Observations wait for it. */
  gate: Promise<void> = Promise.resolve();

  async observe(): Promise<Observation> {
    this.log.push("observe");
    await this.gate;
    if (this.next instanceof Error) throw this.next;
    return { reports: {}, delivered: 0, lost: {}, ...this.next };
  }

  stop(): void {
    this.log.push("stop");
  }

  overhead(): { runTimeNs: number; runCount: number; mapBytes: number } {
    return { runTimeNs: this.runTimeNs, runCount: 0, mapBytes: 1000 };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.log.push("dispose");
  }
}

/** Starters of which none may be called but those that are given. */
export function plainStarters(given: Partial<TracerStarters>): TracerStarters {
  const notExpected = async (): Promise<never> => {
    throw new Error("this tracer was not to be started");
  };
  return {
    cpu: notExpected,
    "off-cpu": notExpected,
    syscalls: notExpected,
    processes: notExpected,
    files: notExpected,
    network: notExpected,
    ...given,
  };
}
