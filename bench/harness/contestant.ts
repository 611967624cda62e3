import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface, type Interface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fromRoot } from "../../scripts/repository.ts";
import { now } from "./statistics.ts";

export type Numbers = Readonly<Record<string, number>>;

/** A process that does one job each time it is asked, and answers with numbers. See bench/contestants. */
export class Contestant implements AsyncDisposable {
  readonly #startedNs: number = now();
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: Interface;
  readonly #answers: AsyncIterator<string>;
  readonly #name: string;

  constructor(command: string, args: readonly string[]) {
    this.#name = [command, ...args].join(" ");
    this.#child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
    this.#lines = createInterface(this.#child.stdout);
    this.#answers = this.#lines[Symbol.asyncIterator]();
  }

  /** Nanoseconds since it was started. */
  get ageNs(): number {
    return now() - this.#startedNs;
  }

  async ask(): Promise<Numbers> {
    this.#child.stdin.write("\n");
    const { value, done } = await this.#answers.next();
    if (done === true) throw new Error(`${this.#name} ended without an answer`);
    return JSON.parse(value) as Numbers;
  }

  /** It ends when its input does. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "close");
    this.#child.stdin.end();
    await ended;
  }
}

/** Skep as it was built. */
export function skepContestant(args: readonly string[]): Contestant {
  const flags = ["--expose-gc", "--disable-warning=ExperimentalWarning"];
  return new Contestant(process.execPath, [...flags, fromRoot("bench/contestants/skep.ts"), ...args]);
}

/** Ways to start the contestants of a bench. */
export type Starters = readonly (() => Contestant)[];

/**
 * Asks one process of each in turn, so that what else the machine does meets all alike. Answers by contestant, without
 * those to warm up.
 */
export async function askAgain(starters: Starters, warmUpRounds: number, rounds: number): Promise<Numbers[][]> {
  await using running = new AsyncDisposableStack();
  const contestants = starters.map((start) => running.use(start()));
  const answers: Numbers[][] = contestants.map(() => []);
  for (let round = 0; round < warmUpRounds + rounds; round++) {
    for (const [index, contestant] of contestants.entries()) {
      const answer = await contestant.ask();
      if (round >= warmUpRounds) answers[index]?.push(answer);
    }
  }
  return answers;
}

/** Asks new processes of each in turn, once. Adds `processNs`, from the start of the process to its answer. */
export async function askNew(starters: Starters, rounds: number): Promise<Numbers[][]> {
  const answers: Numbers[][] = starters.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, start] of starters.entries()) {
      await using contestant = start();
      const answer = await contestant.ask();
      answers[index]?.push({ ...answer, processNs: contestant.ageNs });
    }
  }
  return answers;
}

/** One number of each answer. */
export function column(answers: readonly Numbers[], name: string): number[] {
  return answers.map((answer) => {
    const value = answer[name];
    if (value === undefined) throw new Error(`an answer has no "${name}"`);
    return value;
  });
}
