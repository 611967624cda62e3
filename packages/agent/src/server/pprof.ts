import { setTimeout } from "node:timers/promises";
import { encodePprof } from "@skep/otlp/pprof";
import type { History, TimeRange } from "../history/history.ts";
import { type ProfileMode, profileOf, stacksOf } from "../history/stack-answers.ts";
import type { Answer } from "./answer.ts";
import { HttpError } from "./http-error.ts";
import { Parameters } from "./parameters.ts";

/** What Go's own endpoint takes when it isn't told. */
const DEFAULT_SECONDS = 30;
const MAXIMUM_SECONDS = 900;
const MAXIMUM_WAITING = 4;

export interface PprofOptions {
  readonly history: History;
  /** Ends the round in progress: see `Pipeline.takeRound`. */
  readonly takeRound: () => Promise<void>;
}

/**
 * `/debug/pprof/profile`: with `seconds=N` the next N seconds, for which it waits as Go's does; with `seconds=0` or
 * `from` and `to` what the history knows. `mode=off-cpu` for the time off the CPU.
 */
export class PprofRoute {
  readonly #options: PprofOptions;
  #waiting = 0;

  constructor(options: PprofOptions) {
    this.#options = options;
  }

  /** @param signal ends the wait when nobody is left to wait for it. */
  async answer(query: string, signal: AbortSignal): Promise<Answer> {
    const parameters = new Parameters(query, ["seconds", "from", "to", "mode"]);
    const mode = parameters.oneOf<ProfileMode>("mode", ["on-cpu", "off-cpu"]);
    const seconds = parameters.number("seconds", MAXIMUM_SECONDS);
    const isPast = seconds === 0 || parameters.has("from") || parameters.has("to");
    const { history } = this.#options;
    const range = isPast
      ? history.range(parameters.range())
      : await this.#nextSeconds(seconds ?? DEFAULT_SECONDS, signal);
    const stacks = stacksOf(history, mode, range);
    if (stacks === undefined) {
      const { name, reason } =
        history.latest?.tracers.find((state) => (state.name === "cpu") === (mode === "on-cpu")) ?? {};
      throw new HttpError(
        404,
        reason === undefined ? "no profile covers that time" : `the tracer ${name} is off: ${reason}`,
      );
    }
    const startedAtMs = history.spans(range)[0]?.startMs ?? range.fromMs;
    return {
      contentType: "application/octet-stream",
      body: encodePprof(profileOf(history.tables, stacks, mode, startedAtMs)),
      headers: { "content-disposition": `attachment; filename="skep-${mode}.pb.gz"` },
    };
  }

  async #nextSeconds(seconds: number, signal: AbortSignal): Promise<TimeRange> {
    if (this.#waiting >= MAXIMUM_WAITING) {
      throw new HttpError(429, `${MAXIMUM_WAITING} others wait for a profile already`, { "retry-after": "10" });
    }
    const { history, takeRound } = this.#options;
    this.#waiting++;
    try {
      await takeRound();
      const fromMs = history.extent?.toMs ?? 0;
      await setTimeout(seconds * 1000, undefined, { signal });
      await takeRound();
      return { fromMs, toMs: history.extent?.toMs ?? 0 };
    } finally {
      this.#waiting--;
    }
  }
}
