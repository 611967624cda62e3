import { TRACER_NAMES, type TracerName } from "../pipeline/round.ts";

export type CostByTracer = Readonly<Partial<Record<TracerName, number>>>;

/** CPU time of the agent, as parts of the machine. */
export interface AgentEstimate {
  /** For the sake of each tracer. */
  readonly byTracer: CostByTracer;
  /** As long as anything is on. */
  readonly base: number;
}

/** What was measured in one round, as parts of the machine. */
export interface MeasuredCost {
  readonly atMs: number;
  readonly durationMs: number;
  /** CPU time of the agent. */
  readonly agentShare: number;
  /**
   * The same by what it had to do: in what proportions, and for as long as the measured one says more about its start than
   * about that, how much.
   */
  readonly agentEstimate: AgentEstimate;
  /** Time in the BPF programs of each tracer that is on. */
  readonly bpfShares: CostByTracer;
  /** How busy everything but Skep kept the machine. */
  readonly othersShare: number;
}

/** A tracer shall do what it does after so many steps down; 0: all that it was configured to do. */
export interface LevelChange {
  readonly name: TracerName;
  readonly level: number;
  /** Of all of Skep, as a part of the machine, when it was turned down. */
  readonly totalShare: number;
}

/** One step down that was taken. */
interface Reduction {
  readonly name: TracerName;
  /** Of the tracer before it. */
  readonly cost: number;
  /** Of all of Skep, then. */
  readonly totalShare: number;
  /** Of everything but Skep, then. */
  readonly othersShare: number;
}

/** What is left of a tracer's cost by each of its steps down, compared to the one before: 0 to 1. */
export type RemainingBySteps = Readonly<Record<TracerName, readonly number[]>>;

/** Steps down go on until the cost is below this part of the budget: what follows may vary a little. */
const ROOM_AFTER_DOWN = 0.9;
/** The same of a step up, which may be too early. */
const ROOM_AFTER_UP = 0.8;
/** So long there has to be room before the first try; twice as long after each that failed. */
const FIRST_PATIENCE_MS = 30_000;
/**
 * While others keep the machine as busy as when a tracer was turned off, it would most likely cost the same, and to start
 * it takes a second of a CPU: where that does not fit, it is tried so much later.
 */
const PATIENCE_UNDER_LOAD = 16;
/** Less busy than this part of what it was then is another load. */
const SAME_LOAD = 0.7;
const LONGEST_PATIENCE_MS = 32 * 60_000;
/** A step up that has held so long was right. */
const PROVEN_MS = 5 * 60_000;
/** The agent's CPU time comes in bursts (symbol tables of programs that are new): only its mean of so long counts. */
const AGENT_MEAN_MS = 30_000;
/** What follows the start of Skep is no part of it: symbol tables are read, code is compiled. */
const FIRST_START_MS = 30_000;
/** Nor is what follows another start of a tracer; what was kept for one that is gone is collected then, too. */
const START_MS = 10_000;
/** At first not even the rows tell what the agent will take: they are of Skep's own start. */
const SETTLING_MS = 5000;
/** And its programs run for that, too: until then only what costs so many budgets is turned down. */
const SETTLING_BUDGETS = 3;
/**
 * What the agent takes for itself counts as this part of the budget at most. To turn off tracers for more would leave
 * nothing to show, and little saved, where a machine is slow or does nothing else.
 */
const MOST_BASE = 0.5;

/**
 * Decides who is turned down when Skep costs more than its budget: the dearest tracer first, as many steps at once as
 * bring it below by what is known; that of processes last of all, since nothing else can tell what they were. It goes up
 * again in the reverse order, one step at a time, and waits the longer the more often that was too early.
 */
export class BudgetKeeper {
  readonly #budgetShare: number;
  readonly #remaining: RemainingBySteps;
  readonly #levels = new Map<TracerName, number>();
  /** One for each step; the last one is taken back first. */
  #reductions: Reduction[] = [];
  #roomSinceMs: number | undefined;
  #raisedAtMs: number | undefined;
  readonly #firstPatienceMs: number;
  #patienceMs: number;
  #startingMs = FIRST_START_MS;
  /** Sum of the agent's share x milliseconds, and of the milliseconds. */
  #agentSum = 0;
  #agentMs = 0;
  /** What the agent costs until its mean is known; undefined at the start. */
  #expectedAgentShare: number | undefined;

  constructor(budgetShare: number, remaining: RemainingBySteps, firstPatienceMs: number = FIRST_PATIENCE_MS) {
    this.#budgetShare = budgetShare;
    this.#remaining = remaining;
    this.#firstPatienceMs = firstPatienceMs;
    this.#patienceMs = firstPatienceMs;
  }

  levelOf(name: TracerName): number {
    return this.#levels.get(name) ?? 0;
  }

  /** Its configuration has changed: it starts from there. */
  forget(name: TracerName): void {
    this.#levels.delete(name);
    this.#reductions = this.#reductions.filter((reduction) => reduction.name !== name);
  }

  /** What is to be changed after a round. */
  decide(measured: MeasuredCost): readonly LevelChange[] {
    const agentShare = this.#meanAgentShare(measured);
    const { costs, base } = this.#costsOf(measured, agentShare);
    const totalShare = base + sumOf(costs);
    const limit = (this.#isSettling ? SETTLING_BUDGETS : 1) * this.#budgetShare;
    if (totalShare > limit) return this.#turnDown(measured, costs, base, agentShare);
    return this.#turnUp(measured, costs, totalShare, agentShare);
  }

  #turnDown(
    { atMs, othersShare }: MeasuredCost,
    costs: Map<TracerName, number>,
    base: number,
    agentShare: number,
  ): readonly LevelChange[] {
    const totalShare = base + sumOf(costs);
    this.#roomSinceMs = undefined;
    if (this.#raisedAtMs !== undefined && atMs - this.#raisedAtMs < PROVEN_MS) {
      this.#patienceMs = Math.min(2 * this.#patienceMs, LONGEST_PATIENCE_MS);
    }
    this.#raisedAtMs = undefined;
    const changed = new Set<TracerName>();
    while (base + sumOf(costs) > ROOM_AFTER_DOWN * this.#budgetShare) {
      const name = this.#dearest(costs);
      if (name === undefined) break;
      const level = this.levelOf(name) + 1;
      const cost = costs.get(name) ?? 0;
      this.#levels.set(name, level);
      this.#reductions.push({ name, cost, totalShare, othersShare });
      costs.set(name, cost * (this.#remaining[name][level - 1] ?? 0));
      changed.add(name);
    }
    if (changed.size > 0) this.#measureAgentAnew(agentShare * ((base + sumOf(costs)) / totalShare));
    return [...changed].map((name) => ({ name, level: this.levelOf(name), totalShare }));
  }

  #turnUp(
    { atMs, othersShare }: MeasuredCost,
    costs: Map<TracerName, number>,
    totalShare: number,
    agentShare: number,
  ): readonly LevelChange[] {
    if (this.#raisedAtMs !== undefined && atMs - this.#raisedAtMs >= PROVEN_MS) {
      this.#raisedAtMs = undefined;
      this.#patienceMs = this.#firstPatienceMs;
    }
    const last = this.#reductions.at(-1);
    if (last === undefined) return [];
    const { name } = last;
    const level = this.levelOf(name);
    const remaining = this.#remaining[name][level - 1] ?? 0;
    const cost = costs.get(name) ?? 0;
    const isSameLoad = othersShare >= SAME_LOAD * last.othersShare;
    // What was off may cost anything under another load: that takes a try.
    const more = remaining > 0 ? cost / remaining - cost : isSameLoad ? last.cost : 0;
    const room = ROOM_AFTER_UP * this.#budgetShare - totalShare;
    if (room < 0 || (remaining > 0 && room < more)) {
      this.#roomSinceMs = undefined;
      return [];
    }
    this.#roomSinceMs ??= atMs;
    const leastPatienceMs = room < more ? PATIENCE_UNDER_LOAD * this.#firstPatienceMs : 0;
    if (atMs - this.#roomSinceMs < Math.max(this.#patienceMs, leastPatienceMs)) return [];
    this.#roomSinceMs = undefined;
    this.#raisedAtMs = atMs;
    this.#reductions.pop();
    this.#levels.set(name, level - 1);
    this.#measureAgentAnew(agentShare);
    // What is still less than configured is so for the sake of an earlier step.
    const { totalShare: reasonShare } = this.#reductions.findLast((earlier) => earlier.name === name) ?? { totalShare };
    return [{ name, level: level - 1, totalShare: reasonShare }];
  }

  /** Of each tracer: its BPF programs, and its part of the agent's work; and what is nobody's part. */
  #costsOf(
    { bpfShares, agentEstimate: { byTracer, base } }: MeasuredCost,
    agentShare: number,
  ): { readonly costs: Map<TracerName, number>; readonly base: number } {
    const estimate = base + sumOf(Object.values(byTracer));
    const scale = estimate === 0 ? 0 : agentShare / estimate;
    const costs = new Map<TracerName, number>();
    for (const name of TRACER_NAMES) {
      const cost = (bpfShares[name] ?? 0) + (byTracer[name] ?? 0) * scale;
      if (cost > 0) costs.set(name, cost);
    }
    return { costs, base: Math.min(base * scale, MOST_BASE * this.#budgetShare) };
  }

  #dearest(costs: ReadonlyMap<TracerName, number>): TracerName | undefined {
    const able = [...costs.keys()].filter(
      (name) => (costs.get(name) ?? 0) > 0 && this.levelOf(name) < this.#remaining[name].length,
    );
    const isLastResort = (name: TracerName) =>
      name === "processes" && this.levelOf(name) === this.#remaining[name].length - 1;
    const preferred = able.filter((name) => !isLastResort(name));
    return (preferred.length > 0 ? preferred : able).reduce<TracerName | undefined>(
      (dearest, name) => (dearest === undefined || (costs.get(name) ?? 0) > (costs.get(dearest) ?? 0) ? name : dearest),
      undefined,
    );
  }

  #meanAgentShare({ agentShare, agentEstimate, durationMs }: MeasuredCost): number {
    const expected = this.#expectedAgentShare ?? agentEstimate.base + sumOf(Object.values(agentEstimate.byTracer));
    if (this.#startingMs > 0) {
      this.#startingMs -= durationMs;
      return this.#isSettling ? 0 : Math.min(agentShare, expected);
    }
    // What is older counts less and less.
    const kept = this.#agentMs > 2 * AGENT_MEAN_MS ? AGENT_MEAN_MS / this.#agentMs : 1;
    this.#agentSum = this.#agentSum * kept + agentShare * durationMs;
    this.#agentMs = this.#agentMs * kept + durationMs;
    const mean = this.#agentSum / this.#agentMs;
    return this.#agentMs >= AGENT_MEAN_MS ? mean : Math.min(mean, expected);
  }

  get #isSettling(): boolean {
    return this.#expectedAgentShare === undefined && FIRST_START_MS - this.#startingMs < SETTLING_MS;
  }

  #measureAgentAnew(expectedShare: number): void {
    // Its programs alone were too much: what the agent takes beside them the rows are still to tell.
    if (this.#isSettling) return;
    this.#agentSum = 0;
    this.#agentMs = 0;
    this.#startingMs = START_MS;
    this.#expectedAgentShare = expectedShare;
  }
}

function sumOf(costs: ReadonlyMap<TracerName, number> | readonly number[]): number {
  let sum = 0;
  for (const cost of costs.values()) sum += cost;
  return sum;
}
