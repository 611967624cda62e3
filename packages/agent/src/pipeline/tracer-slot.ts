import type { Overhead } from "@skep/tracers";
import { explainError } from "../cli/report-error.ts";
import type { Problem } from "./problem.ts";
import type { TracerCounts, TracerName, TracerState } from "./round.ts";
import { addCounts, type Observation, type RoundReports, type RunningTracer, sumOf } from "./running-tracer.ts";
import type { SettingsOf, TracerChange } from "./tracer-settings.ts";

/** Reason of the state of a tracer that nobody asked for. */
const NOT_CONFIGURED = "it is not switched on";
/** Of one whose turn has not come yet. */
const NOT_STARTED = "it has not been started yet";

/**
 * The place of one tracer in the pipeline. It is there whether or not the tracer can run here, and it outlives it: its
 * counts go on when the tracer is started anew with other settings.
 */
export class TracerSlot<Name extends TracerName = TracerName> implements AsyncDisposable {
  readonly name: Name;
  readonly #start: (settings: SettingsOf<Name>) => Promise<RunningTracer<Name>>;
  readonly #onProblem: (problem: Problem) => void;
  #tracer: RunningTracer<Name> | undefined;
  #state: TracerState;
  #waiting: TracerChange<Name> | undefined;
  readonly #lost: Record<string, number> = {};
  #delivered = 0;
  /** By this run of the tracer, and by those before it. */
  #seen = 0;
  #seenBefore = 0;
  #wasOn = false;
  #toldShortcoming: string | undefined;
  /** In its BPF programs, by the clock of the running tracer. */
  #runTimeSinceStartNs = 0;
  #runTimeNs = 0;
  #mapBytes = 0;

  constructor(
    name: Name,
    start: (settings: SettingsOf<Name>) => Promise<RunningTracer<Name>>,
    onProblem: (problem: Problem) => void,
  ) {
    this.name = name;
    this.#start = start;
    this.#onProblem = onProblem;
    this.#state = { name, state: "off", reason: NOT_STARTED, sinceUnixMs: Date.now(), samplingFactor: 1 };
  }

  get state(): TracerState {
    return this.#state;
  }

  /** Undefined as long as it has never run. */
  get counts(): TracerCounts | undefined {
    if (!this.#wasOn) return undefined;
    return {
      name: this.name,
      seen: this.#seenBefore + this.#seen,
      delivered: this.#delivered,
      lost: { ...this.#lost },
      mapBytes: this.#mapBytes,
    };
  }

  /** Starts, or not: a tracer that cannot is off, and says so. */
  async start(change: TracerChange<Name>): Promise<void> {
    const { settings, reason = NOT_CONFIGURED, samplingFactor = 1 } = change;
    if (settings === undefined) {
      this.#state = { name: this.name, state: "off", reason, sinceUnixMs: Date.now(), samplingFactor };
      return;
    }
    try {
      this.#tracer = await this.#start(settings);
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#wasOn = true;
    this.#runsAs(change);
  }

  /** Lets a change take effect with the next {@link observe}; one that already waits is forgotten. */
  change(change: TracerChange<Name>): void {
    this.#waiting = change;
  }

  /** What it saw since it was asked before. A tracer that fails is off from then on. */
  async observe(): Promise<RoundReports> {
    const change = this.#waiting;
    this.#waiting = undefined;
    const continued = change?.settings && this.#tracer?.continueWith?.(change.settings);
    // Detached first, so that what it has seen until the end is in this round.
    if (change !== undefined && continued === undefined) this.stop();
    const reports = await this.#observe(continued);
    if (change !== undefined && continued !== undefined && this.#tracer !== undefined) this.#runsAs(change);
    else if (change !== undefined) {
      await this.#end();
      await this.start(change);
    }
    return reports;
  }

  /** Time in its BPF programs between the last two observations; 0 while BPF statistics are off. */
  get runTimeNs(): number {
    return this.#runTimeNs;
  }

  /** Of its programs since it was started, while BPF statistics were on; undefined while it is off. */
  get overhead(): Overhead | undefined {
    return this.#tracer?.overhead();
  }

  stop(): void {
    this.#tracer?.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end();
  }

  #runsAs({ reason, samplingFactor = 1 }: TracerChange<Name>): void {
    const reasons = [reason, this.#shortcoming()].filter((text) => text !== undefined);
    this.#state = {
      name: this.name,
      state: "on",
      sinceUnixMs: Date.now(),
      samplingFactor,
      ...(reasons.length > 0 && { state: "reduced", reason: reasons.join("; ") }),
    };
  }

  /** @param observing where it goes on with other settings */
  async #observe(observing?: Promise<Observation>): Promise<RoundReports> {
    this.#runTimeNs = 0;
    const tracer = this.#tracer;
    if (tracer === undefined) return {};
    try {
      const observation = await (observing ?? tracer.observe());
      this.#count(observation);
      this.#measure(tracer);
      return observation.reports;
    } catch (error) {
      await this.#end();
      this.#fail(error);
      return {};
    }
  }

  /** What of the tracer is missing here; said the first time. */
  #shortcoming(): string | undefined {
    const shortcoming = this.#tracer?.shortcoming;
    if (shortcoming !== undefined && shortcoming !== this.#toldShortcoming) {
      this.#toldShortcoming = shortcoming;
      this.#onProblem({ message: `the ${this.name} tracer is reduced: ${shortcoming}` });
    }
    return shortcoming;
  }

  #measure(tracer: RunningTracer): void {
    const { runTimeNs, mapBytes } = tracer.overhead();
    this.#runTimeNs = runTimeNs - this.#runTimeSinceStartNs;
    this.#runTimeSinceStartNs = runTimeNs;
    this.#mapBytes = mapBytes;
  }

  #count({ seen, delivered, lost, rung }: Observation): void {
    this.#seen = seen ?? this.#seen + delivered + sumOf(lost);
    this.#delivered += delivered;
    addCounts(this.#lost, lost);
    if (rung !== undefined && rung !== this.#state.rung) this.#state = { ...this.#state, rung };
  }

  async #end(): Promise<void> {
    const tracer = this.#tracer;
    if (tracer === undefined) return;
    this.#tracer = undefined;
    this.#seenBefore += this.#seen;
    this.#seen = 0;
    this.#runTimeSinceStartNs = 0;
    this.#mapBytes = 0;
    await tracer[Symbol.asyncDispose]();
  }

  #fail(error: unknown): void {
    const { message, hints } = explainError(error);
    const hint = hints.length === 0 ? {} : { hint: hints.join(" ") };
    const sinceUnixMs = Date.now();
    this.#state = { name: this.name, state: "off", reason: message, ...hint, sinceUnixMs, samplingFactor: 1 };
    this.#onProblem({ message: `the ${this.name} tracer is off: ${message}`, ...hint });
  }
}
