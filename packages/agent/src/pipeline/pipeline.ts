import { explainError } from "../cli/report-error.ts";
import { HostSampler } from "./host-sampler.ts";
import type { Problem } from "./problem.ts";
import type { ExporterState, Round, RoundReader, SelfSample, TracerName, TracerState } from "./round.ts";
import type { RoundReports } from "./running-tracer.ts";
import { SelfSampler } from "./self-sampler.ts";
import type { TracerChange, TracerSettings } from "./tracer-settings.ts";
import { TracerSlot } from "./tracer-slot.ts";
import { keepKernelTypes, type ProcessObserver, type TracerStarters, tracerStarters } from "./tracer-starters.ts";

export interface PipelineSettings {
  readonly tracers: TracerSettings;
  /** From the beginning of a round to that of the next. Default 10 s. */
  readonly intervalMs?: number;
  /** From the start of the tracers to the end of the first round of all. Default 100 ms: a page that was just opened shows something. */
  readonly firstRoundMs?: number;
  /** They get every round; the first one ends as soon as one tracer runs, while the others are still being started. */
  readonly readers?: readonly RoundReader[];
  /** What the exporters have to tell, asked once a round. */
  readonly exporters?: () => readonly ExporterState[];
  /** Gets each event of a process at once, long before the round in which it is: a process may be gone by then. */
  readonly onProcessEvent?: ProcessObserver;
  /** Told when a round is over, and when a tracer was started after the first round: what that took is free again. */
  readonly onWorkDone?: () => void;
  /** Told what does not work, each thing once. Default: nobody. */
  readonly onProblem?: (problem: Problem) => void;
  /** For tests without a kernel. */
  readonly starters?: TracerStarters;
}

export const DEFAULT_INTERVAL_MS = 10_000;
export const DEFAULT_FIRST_ROUND_MS = 100;
/** That of system calls has something to tell at once: a first profile waits until the kernel's symbols are read. */
const START_ORDER: readonly TracerName[] = ["syscalls", "cpu", "off-cpu", "processes", "files", "network"];
/** From the first round to the next one, which has more to tell; no longer than the interval. */
const SECOND_ROUND_MS = 1000;

export interface TracerRunTime {
  readonly name: TracerName;
  readonly runTimeNs: number;
  readonly runCount: number;
}

type TracerSlots = { readonly [Name in TracerName]: TracerSlot<Name> };

/** What of a slot does not depend on the options of its tracer. */
type AnySlot = Pick<
  TracerSlot,
  "state" | "counts" | "runTimeNs" | "overhead" | "observe" | "stop" | typeof Symbol.asyncDispose
>;

/**
 * Drives the tracers and hands each round to all readers, one round after the other.
 *
 * A tracer that cannot start here is off, and the others run without it. Disposing of the pipeline detaches all
 * tracers, and what they saw until then is in a last round.
 */
export class Pipeline implements AsyncDisposable {
  readonly #settings: PipelineSettings;
  readonly #slotsByName: TracerSlots;
  readonly #slots: readonly AnySlot[];
  readonly #readers = new Set<RoundReader>();
  readonly #failedReaders = new WeakSet<RoundReader>();
  readonly #host = new HostSampler();
  readonly #self = new SelfSampler();
  readonly #intervalMs: number;
  /** End of the last round, by the monotonic clock. */
  #sinceNs = process.hrtime.bigint();
  #lateRounds = 0;
  /** The last round: they run one after the other. */
  #rounds: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #disposal: Promise<void> | undefined;

  private constructor(settings: PipelineSettings, slots: TracerSlots) {
    this.#settings = settings;
    this.#slotsByName = slots;
    this.#slots = Object.values(slots);
    this.#intervalMs = settings.intervalMs ?? DEFAULT_INTERVAL_MS;
  }

  /** Starts the tracers; rejects for no tracer's sake. */
  static async start(settings: PipelineSettings): Promise<Pipeline> {
    const { tracers, starters = tracerStarters(settings.onProcessEvent), onProblem = () => undefined } = settings;
    const slots: TracerSlots = {
      cpu: new TracerSlot("cpu", starters.cpu, onProblem),
      "off-cpu": new TracerSlot("off-cpu", starters["off-cpu"], onProblem),
      syscalls: new TracerSlot("syscalls", starters.syscalls, onProblem),
      processes: new TracerSlot("processes", starters.processes, onProblem),
      files: new TracerSlot("files", starters.files, onProblem),
      network: new TracerSlot("network", starters.network, onProblem),
    };
    const pipeline = new Pipeline(settings, slots);
    for (const reader of settings.readers ?? []) pipeline.addReader(reader);
    using _types = settings.starters === undefined ? keepKernelTypes() : undefined;
    let early = settings.readers !== undefined;
    // One after the other: two kernel halves at once in the verifier would double the peak of memory.
    for (const name of START_ORDER) {
      await startSlot(slots, name, tracers);
      if (slots[name].state.state === "off") continue;
      // Before the others: their start would take turns with it, for a second or more.
      if (early) await pipeline.takeRound();
      else settings.onWorkDone?.();
      early = false;
    }
    const { firstRoundMs = DEFAULT_FIRST_ROUND_MS, intervalMs = DEFAULT_INTERVAL_MS } = settings;
    pipeline.#schedule(performance.now() + firstRoundMs, Math.min(SECOND_ROUND_MS, intervalMs));
    return pipeline;
  }

  /** All that Skep has, those that are off too. */
  get tracers(): readonly TracerState[] {
    return this.#slots.map(({ state }) => state);
  }

  /** Of the tracers that are on: time and runs of their programs since they were started, while BPF statistics were on. */
  get runTimes(): readonly TracerRunTime[] {
    return this.#slots.flatMap(({ state: { name }, overhead }) =>
      overhead === undefined ? [] : { name, ...overhead },
    );
  }

  /** Gives the reader every round from the next one on, until what is returned is disposed of. */
  addReader(reader: RoundReader): Disposable {
    this.#readers.add(reader);
    return { [Symbol.dispose]: () => this.#readers.delete(reader) };
  }

  /**
   * Runs a tracer with other settings, or not at all. What it saw so far is in a round that ends now; it resolves when
   * the readers had it, and the tracer was started or is off because it could not. Changes nothing any more once the
   * pipeline is being disposed of.
   */
  change<Name extends TracerName>(name: Name, change: TracerChange<Name>): Promise<void> {
    if (this.#disposal === undefined) this.#slotsByName[name].change(change);
    return this.takeRound();
  }

  /** Ends the round now, for whoever cannot wait; the timetable stays what it is. */
  takeRound(): Promise<void> {
    // The last round is taken by the disposal: one more would read tracers that are gone.
    return this.#disposal ?? this.#enqueueRound();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#disposal ??= this.#dispose();
    return this.#disposal;
  }

  async #dispose(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#rounds;
    // All of them before the first is read: their last reports end at the same time.
    for (const slot of this.#slots) slot.stop();
    await this.#enqueueRound();
    for (const slot of this.#slots) await slot[Symbol.asyncDispose]();
  }

  #enqueueRound(): Promise<void> {
    this.#rounds = this.#rounds.then(() => this.#takeRound());
    return this.#rounds;
  }

  #schedule(dueMs: number, untilNextMs: number = this.#intervalMs): void {
    const run = async () => {
      await this.takeRound();
      if (this.#disposal !== undefined) return;
      let nextMs = dueMs + untilNextMs;
      if (nextMs <= performance.now()) {
        this.#lateRounds += 1;
        // Those that were missed are not made up for: the machine is busy enough.
        nextMs = performance.now() + this.#intervalMs;
      }
      this.#schedule(nextMs);
    };
    this.#timer = setTimeout(() => void run(), Math.max(0, dueMs - performance.now()));
  }

  async #takeRound(): Promise<void> {
    const reports: RoundReports = {};
    for (const slot of this.#slots) Object.assign(reports, await slot.observe());
    const endNs = process.hrtime.bigint();
    const durationNs = Number(endNs - this.#sinceNs);
    this.#sinceNs = endNs;
    const endUnixNs = BigInt(Date.now()) * 1_000_000n;
    this.#deliver({
      startUnixNs: endUnixNs - BigInt(durationNs),
      endUnixNs,
      durationNs,
      ...reports,
      host: this.#host.sample(),
      self: this.#sampleSelf(),
      tracers: this.tracers,
    });
    this.#settings.onWorkDone?.();
  }

  #sampleSelf(): SelfSample {
    const bpfRunTimeNs = this.#slots.reduce((sum, { runTimeNs }) => sum + runTimeNs, 0);
    const tracers = this.#slots.flatMap(({ counts }) => counts ?? []);
    return {
      ...this.#self.sample(),
      ...(bpfRunTimeNs > 0 && { bpfRunTimeNs }),
      mapBytes: tracers.reduce((sum, { mapBytes }) => sum + mapBytes, 0),
      tracers,
      exporters: this.#settings.exporters?.() ?? [],
      lateRounds: this.#lateRounds,
    };
  }

  #deliver(round: Round): void {
    for (const reader of this.#readers) {
      try {
        reader.read(round);
      } catch (error) {
        if (this.#failedReaders.has(reader)) continue;
        this.#failedReaders.add(reader);
        this.#settings.onProblem?.({
          message: `${reader.name} could not take a round: ${explainError(error).message}`,
        });
      }
    }
  }
}

function startSlot<Name extends TracerName>(slots: TracerSlots, name: Name, tracers: TracerSettings): Promise<void> {
  return slots[name].start({ settings: tracers[name] });
}
