import { availableParallelism } from "node:os";
import { BpfError, enableStats } from "@skep/ebpf";
import { explainError } from "../cli/report-error.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import type { Problem } from "../pipeline/problem.ts";
import { type Round, type RoundReader, TRACER_NAMES, type TracerName } from "../pipeline/round.ts";
import type { SettingsOf, TracerSettings } from "../pipeline/tracer-settings.ts";
import { BudgetKeeper, type LevelChange, type RemainingBySteps } from "./budget-keeper.ts";
import { agentParts, CostModel } from "./cost-model.ts";
import { changeTo, tracerSteps } from "./tracer-steps.ts";

/** BPF statistics cost some 20 ns a run: they are on for so long, so often. */
const CALIBRATION_MS = 200;
const CALIBRATION_INTERVAL_MS = 60_000;
/** Rounds that a change has cut short say little. */
const SHORTEST_ROUND_NS = 5e8;

export type GovernedPipeline = Pick<Pipeline, "change" | "runTimes">;

export interface GovernorSettings {
  readonly pipeline: GovernedPipeline;
  /** As they are configured: what is turned down is turned up to this again. */
  readonly tracers: TracerSettings;
  /** Of all CPUs together: the agent and its BPF programs. */
  readonly cpuPercent: number;
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
  readonly #costs = new CostModel();
  #configured: TracerSettings;
  #changing: Promise<void> | undefined;
  #timer: NodeJS.Timeout;

  constructor({ pipeline, tracers, cpuPercent, patienceMs, onProblem }: GovernorSettings) {
    this.#pipeline = pipeline;
    this.#configured = tracers;
    this.#budgetShare = cpuPercent / 100;
    this.#onProblem = onProblem;
    this.#keeper = new BudgetKeeper(this.#budgetShare, remainingBySteps(), patienceMs);
    this.#timer = setTimeout(() => this.#calibrate(), CALIBRATION_MS).unref();
  }

  /** A tracer is configured differently: it does all of that until the budget says otherwise. */
  async configure<Name extends TracerName>(name: Name, settings: SettingsOf<Name> | undefined): Promise<void> {
    await this.#changing;
    this.#configured = { ...this.#configured, [name]: settings };
    this.#keeper.forget(name);
    this.#costs.forget(name);
    await this.#pipeline.change(name, { settings });
  }

  read(round: Round): void {
    if (this.#changing !== undefined || round.durationNs < SHORTEST_ROUND_NS) return;
    const { cpuUserNs, cpuSystemNs } = round.self;
    const changes = this.#keeper.decide({
      atMs: performance.now(),
      durationMs: round.durationNs / 1e6,
      agentShare: (cpuUserNs + cpuSystemNs) / round.durationNs / availableParallelism(),
      agentParts: agentParts(round),
      bpfShares: this.#costs.bpfShares(round, this.#running()),
    });
    if (changes.length === 0) return;
    this.#changing = this.#apply(changes)
      .catch((error) => this.#onProblem({ message: `the governor failed: ${explainError(error).message}` }))
      .finally(() => {
        this.#changing = undefined;
      });
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }

  async #apply(changes: readonly LevelChange[]): Promise<void> {
    for (const { name, level, totalShare } of changes) await this.#change(name, level, totalShare);
  }

  async #change<Name extends TracerName>(name: Name, level: number, totalShare: number): Promise<void> {
    const configured = this.#configured[name];
    if (configured === undefined) return;
    this.#costs.forget(name);
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

  #calibrate(): void {
    let statistics: Disposable;
    try {
      statistics = enableStats();
    } catch (error) {
      // Who may not switch them on gets by with what was measured elsewhere.
      if (error instanceof BpfError) return;
      throw error;
    }
    const before = new Map(this.#pipeline.runTimes.map((times) => [times.name, times]));
    const sinceMs = performance.now();
    this.#timer = setTimeout(() => {
      const seconds = (performance.now() - sinceMs) / 1000;
      for (const { name, runTimeNs, runCount } of this.#pipeline.runTimes) {
        const start = before.get(name);
        const runs = runCount - (start?.runCount ?? 0);
        // One that was started meanwhile has counts of its own.
        if (start === undefined || runs <= 0) continue;
        this.#costs.calibrate({ name, nsPerRun: (runTimeNs - start.runTimeNs) / runs, runsPerSecond: runs / seconds });
      }
      statistics[Symbol.dispose]();
      this.#timer = setTimeout(() => this.#calibrate(), CALIBRATION_INTERVAL_MS).unref();
    }, CALIBRATION_MS).unref();
  }
}

function remainingBySteps(): RemainingBySteps {
  const entries = TRACER_NAMES.map((name) => [name, tracerSteps[name].map(({ remaining }) => remaining)]);
  return Object.fromEntries(entries) as Record<TracerName, readonly number[]>;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1).replace(/\.0$/, "")} %`;
}
