import { availableParallelism } from "node:os";
import { BpfError, enableStats } from "@skep/ebpf";
import { explainError } from "../cli/report-error.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import type { Problem } from "../pipeline/problem.ts";
import { type Round, type RoundReader, TRACER_NAMES, type TracerName } from "../pipeline/round.ts";
import { sumOf } from "../pipeline/running-tracer.ts";
import type { SettingsOf, TracerSettings } from "../pipeline/tracer-settings.ts";
import { BudgetKeeper, type CostByTracer, type LevelChange, type RemainingBySteps } from "./budget-keeper.ts";
import { CostModel } from "./cost-model.ts";
import { changeTo, tracerSteps } from "./tracer-steps.ts";

/** BPF statistics cost some 20 ns a run: they are on for rounds of so long together, and then off for so long. */
const MEASURED_NS = 5e9;
const NOT_MEASURED_NS = 60e9;
/** Rounds that a change has cut short say little. */
const SHORTEST_ROUND_NS = 5e8;

export type GovernedPipeline = Pick<Pipeline, "change" | "runTimes">;

export interface GovernorSettings {
  readonly pipeline: GovernedPipeline;
  /** As they are configured: what is turned down is turned up to this again. */
  readonly tracers: TracerSettings;
  /** Of all CPUs together: the agent and its BPF programs. */
  readonly cpuPercent: number;
  /** What keeps BPF statistics on at the start, where nobody may switch them on any more. */
  readonly statistics?: Disposable;
  /** What is known already of this machine. Default: nothing. */
  readonly costs?: CostModel;
  /** How long there has to be room before a tracer is turned up for the first time. Default 30 s. */
  readonly patienceMs?: number;
  /** Told when a change fails. */
  readonly onProblem: (problem: Problem) => void;
}

/** Keeps Skep within its CPU budget: weighs each round, and has tracers turned down and up again. See BudgetKeeper. */
export class Governor implements RoundReader, Disposable {
  readonly name: string = "the governor";
  readonly #pipeline: GovernedPipeline;
  readonly #budgetShare: number;
  readonly #onProblem: (problem: Problem) => void;
  readonly #keeper: BudgetKeeper;
  readonly #costs: CostModel;
  #configured: TracerSettings;
  #changing: Promise<void> | undefined;
  /** Undefined while they are off. */
  #statistics: Disposable | undefined;
  #mayMeasure = true;
  /** For so long they have been on, or off. */
  #measuredNs = 0;
  #notMeasuredNs = Number.POSITIVE_INFINITY;
  /** Of each tracer, at the end of the last round: undefined where statistics were off. */
  #runTimesNs: RunTimes | undefined;

  constructor({ pipeline, tracers, cpuPercent, patienceMs, statistics, costs, onProblem }: GovernorSettings) {
    this.#pipeline = pipeline;
    this.#configured = tracers;
    this.#budgetShare = cpuPercent / 100;
    this.#onProblem = onProblem;
    this.#keeper = new BudgetKeeper(this.#budgetShare, remainingBySteps(), patienceMs);
    this.#costs = costs ?? new CostModel();
    this.#statistics = statistics;
  }

  /** A tracer is configured differently: it does all of that until the budget says otherwise. */
  async configure<Name extends TracerName>(name: Name, settings: SettingsOf<Name> | undefined): Promise<void> {
    await this.#changing;
    this.#configured = { ...this.#configured, [name]: settings };
    this.#keeper.forget(name);
    await this.#pipeline.change(name, { settings });
  }

  read(round: Round): void {
    const measured = this.#measure(round);
    if (this.#changing !== undefined || round.durationNs < SHORTEST_ROUND_NS) return;
    const { cpuUserNs, cpuSystemNs } = round.self;
    const agentShare = (cpuUserNs + cpuSystemNs) / round.durationNs / availableParallelism();
    const bpfShares = this.#costs.bpfShares(round, this.#running(), measured);
    const changes = this.#keeper.decide({
      atMs: performance.now(),
      durationMs: round.durationNs / 1e6,
      agentShare,
      agentEstimate: this.#costs.agentEstimate(round),
      bpfShares,
      othersShare: busyShare(round) - agentShare - sumOf(bpfShares),
    });
    if (changes.length === 0) return;
    this.#changing = this.#apply(changes)
      .catch((error) => this.#onProblem({ message: `the governor failed: ${explainError(error).message}` }))
      .finally(() => {
        this.#changing = undefined;
      });
  }

  [Symbol.dispose](): void {
    this.#switchOff();
  }

  async #apply(changes: readonly LevelChange[]): Promise<void> {
    for (const { name, level, totalShare } of changes) await this.#change(name, level, totalShare);
  }

  async #change<Name extends TracerName>(name: Name, level: number, totalShare: number): Promise<void> {
    const configured = this.#configured[name];
    if (configured === undefined) return;
    const why = `Skep took ${percent(totalShare)} of the machine, and may take ${percent(this.#budgetShare)}`;
    await this.#pipeline.change(name, changeTo(name, configured, level, why));
  }

  /** What each tracer was told to do in the end. */
  #running(): TracerSettings {
    const running: { -readonly [Name in TracerName]?: unknown } = {};
    const add = <Name extends TracerName>(name: Name) => {
      const configured = this.#configured[name];
      if (configured !== undefined) running[name] = changeTo(name, configured, this.#keeper.levelOf(name), "").settings;
    };
    for (const name of TRACER_NAMES) add(name);
    return running as TracerSettings;
  }

  /** Nanoseconds in the programs of each tracer that was on for all of the round; empty where statistics were not. */
  #measure(round: Round): CostByTracer {
    if (this.#statistics === undefined) {
      this.#notMeasuredNs += round.durationNs;
      if (this.#mayMeasure && this.#notMeasuredNs >= NOT_MEASURED_NS) this.#switchOn();
      return {};
    }
    const before = this.#runTimesNs;
    this.#runTimesNs = new Map(this.#pipeline.runTimes.map(({ name, runTimeNs }) => [name, runTimeNs]));
    if (before === undefined) return {};
    const measured = growth(before, this.#runTimesNs, round);
    this.#measuredNs += round.durationNs;
    if (this.#measuredNs >= MEASURED_NS) this.#switchOff();
    return measured;
  }

  #switchOn(): void {
    try {
      this.#statistics = enableStats();
    } catch (error) {
      if (!(error instanceof BpfError)) throw error;
      // Who may not switch them on gets by with what was measured at the start, or elsewhere.
      this.#mayMeasure = false;
    }
  }

  #switchOff(): void {
    this.#statistics?.[Symbol.dispose]();
    this.#statistics = undefined;
    this.#runTimesNs = undefined;
    this.#measuredNs = 0;
    this.#notMeasuredNs = 0;
  }
}

function busyShare({ host: { cpus } }: Round): number {
  return cpus.reduce((sum, { busyShare }) => sum + busyShare, 0) / Math.max(1, cpus.length);
}

type RunTimes = ReadonlyMap<TracerName, number>;

/** Of those tracers that ran all the time from one to the other. */
function growth(before: RunTimes, after: RunTimes, { tracers, startUnixNs }: Round): CostByTracer {
  const grown: Partial<Record<TracerName, number>> = {};
  for (const { name, sinceUnixMs } of tracers) {
    const [start, end] = [before.get(name), after.get(name)];
    if (start === undefined || end === undefined || BigInt(sinceUnixMs) * 1_000_000n > startUnixNs) continue;
    grown[name] = end - start;
  }
  return grown;
}

function remainingBySteps(): RemainingBySteps {
  const entries = TRACER_NAMES.map((name) => [name, tracerSteps[name].map(({ remaining }) => remaining)]);
  return Object.fromEntries(entries) as Record<TracerName, readonly number[]>;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1).replace(/\.0$/, "")} %`;
}
