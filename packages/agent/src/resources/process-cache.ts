import type { TracedProcess } from "@skep/tracers";
import type { ProcessFacts } from "./process-attributes.ts";
import { readProcessFacts, readStartTicks } from "./process-facts.ts";

/** A program in a process, from exec to exec, and what is known of it. */
export interface CachedProcess {
  readonly facts: ProcessFacts;
  /** Undefined where it was gone before it could be read. */
  readonly startTicks: number | undefined;
  /** It has ended, or is another program now. */
  ended: boolean;
  /** In the round of this number. */
  lastUsed: number;
}

/** Each takes some 400 bytes. */
const PROCESS_LIMIT = 4096;
/** A process that is idle is looked at every so many rounds, whether it is still there: 15 us each. */
const IDLE_ROUNDS = 6;

/**
 * What was read of processes, for as long as they live and are reported on: the last report of a process comes after
 * its end. Bounded: the one that was used longest ago goes first.
 */
export class ProcessCache {
  readonly #onForget: (process: CachedProcess) => void;
  readonly #limit: number;
  /** By pid and program, in the order of use. */
  readonly #processes = new Map<string, CachedProcess>();
  /** The program that a pid runs, or ran last. */
  readonly #keysByPid = new Map<number, string>();
  #round = 0;

  /** @param onForget told of each process that leaves */
  constructor(onForget: (process: CachedProcess) => void, limit: number = PROCESS_LIMIT) {
    this.#onForget = onForget;
    this.#limit = limit;
  }

  get size(): number {
    return this.#processes.size;
  }

  get(process: TracedProcess): CachedProcess {
    const key = this.#keyOf(process);
    const known = this.#processes.get(key);
    if (known === undefined) return this.add(process);
    if (known.lastUsed === this.#round) return known;
    known.lastUsed = this.#round;
    this.#processes.delete(key);
    this.#processes.set(key, known);
    return known;
  }

  /** Reads a process anew: it was just started, or runs another program than before. */
  add(process: TracedProcess): CachedProcess {
    const facts = readProcessFacts(process);
    const startTicks = readStartTicks(process.pid);
    // Gone already. What it was told is most likely what it, or its parent, was told before: environments are passed on.
    const before = startTicks === undefined ? this.#processes.get(this.#keysByPid.get(process.pid) ?? "") : undefined;
    return this.#put(keyOf(process), {
      facts: before === undefined ? facts : { ...facts, environment: before.facts.environment },
      startTicks,
      ended: false,
      lastUsed: this.#round,
    });
  }

  /** A process was started that runs what its parent runs, with what its parent was told. */
  inherit(pid: number, parentPid: number): void {
    const parent = this.#processes.get(this.#keysByPid.get(parentPid) ?? "");
    if (parent === undefined) return;
    const facts = { ...parent.facts, pid };
    this.#put(keyOf(facts), { facts, startTicks: undefined, ended: false, lastUsed: this.#round });
  }

  /** What this pid runs has come to its end. */
  end(pid: number): void {
    const process = this.#processes.get(this.#keysByPid.get(pid) ?? "");
    if (process !== undefined) process.ended = true;
  }

  /** Forgets what has ended, unless this round has seen something of it: then the next one may still. */
  endRound(): void {
    for (const [key, process] of this.#processes) {
      const idleRounds = this.#round - process.lastUsed;
      if (idleRounds === 0) continue;
      if (process.ended) this.#forget(key, process);
      else if (idleRounds % IDLE_ROUNDS === 0) process.ended = !stillRuns(process);
    }
    this.#round += 1;
  }

  /** Who doesn't know the executable means whatever it is that the process runs. */
  #keyOf(process: TracedProcess): string {
    const current = process.executablePath === undefined ? this.#keysByPid.get(process.pid) : undefined;
    return current ?? keyOf(process);
  }

  #put(key: string, process: CachedProcess): CachedProcess {
    const { pid } = process.facts;
    const before = this.#processes.get(key);
    if (before !== undefined) this.#forget(key, before);
    this.end(pid);
    this.#processes.set(key, process);
    this.#keysByPid.set(pid, key);
    if (this.#processes.size > this.#limit) {
      const [oldest] = this.#processes;
      if (oldest !== undefined) this.#forget(...oldest);
    }
    return process;
  }

  #forget(key: string, process: CachedProcess): void {
    this.#processes.delete(key);
    if (this.#keysByPid.get(process.facts.pid) === key) this.#keysByPid.delete(process.facts.pid);
    this.#onForget(process);
  }
}

function keyOf({ pid, name, executablePath }: TracedProcess): string {
  return `${pid} ${executablePath ?? name}`;
}

function stillRuns({ facts, startTicks }: CachedProcess): boolean {
  const now = readStartTicks(facts.pid);
  return now !== undefined && (startTicks === undefined || startTicks === now);
}
