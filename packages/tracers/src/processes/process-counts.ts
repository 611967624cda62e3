import type { ProcessEvent, ProcessReport } from "./process-event.ts";

/** Counts events by what they are. */
export class ProcessCounts {
  #starts = 0;
  #execs = 0;
  readonly #execFailures: Record<string, number> = {};
  readonly #codes: Record<number, number> = {};
  readonly #signals: Record<string, number> = {};

  add(event: ProcessEvent): void {
    switch (event.kind) {
      case "start":
        this.#starts++;
        break;
      case "exec":
        this.#execs++;
        break;
      case "exec-failure":
        this.#execFailures[event.error] = (this.#execFailures[event.error] ?? 0) + 1;
        break;
      case "exit":
        if (event.signal !== undefined) this.#signals[event.signal] = (this.#signals[event.signal] ?? 0) + 1;
        if (event.exitCode !== undefined) this.#codes[event.exitCode] = (this.#codes[event.exitCode] ?? 0) + 1;
        break;
      default:
        event satisfies never;
    }
  }

  get report(): Pick<ProcessReport, "starts" | "execs" | "execFailures" | "exits"> {
    return {
      starts: this.#starts,
      execs: this.#execs,
      execFailures: this.#execFailures,
      exits: { codes: this.#codes, signals: this.#signals },
    };
  }
}
