import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { test } from "node:test";
import { Pipeline } from "../pipeline/pipeline.ts";
import type { Round, RoundReader, TracerState } from "../pipeline/round.ts";
import { Governor } from "./governor.ts";

/** What 150,000 calls a second cost; a loop makes twice as many beside other work, and up to ten times as many alone. */
const CPU_PERCENT = 3 / availableParallelism();

/** Hands over each round to whoever waits for one like it. */
class Rounds implements RoundReader {
  readonly name: string = "the test";
  readonly seen: Round[] = [];
  #waiting: (() => void)[] = [];

  read(round: Round): void {
    this.seen.push(round);
    for (const resume of this.#waiting.splice(0)) resume();
  }

  /** The first from now on of which this is true. */
  async next(isWanted: (round: Round) => boolean): Promise<Round> {
    for (let next = this.seen.length; ; next++) {
      if (next >= this.seen.length) await new Promise<void>((resolve) => this.#waiting.push(resolve));
      const round = this.seen[next];
      if (round !== undefined && isWanted(round)) return round;
    }
  }
}

function syscallsIn(round: Round): TracerState {
  const state = round.tracers.find(({ name }) => name === "syscalls");
  assert.ok(state !== undefined);
  return state;
}

function callsOf(round: Round, pid: number | undefined): number {
  const ofProcess = round.syscalls?.processes.find(({ process }) => process.pid === pid);
  return ofProcess?.syscalls.find(({ name }) => name === "getppid")?.calls ?? 0;
}

test("a loop of system calls is turned down until it ends, and what is counted is all there was", async () => {
  // Only these, so that it does not matter what else goes on here.
  const tracers = { syscalls: { calls: ["getppid"] } };
  const problems: string[] = [];
  const onProblem = ({ message }: { readonly message: string }) => problems.push(message);
  await using pipeline = await Pipeline.start({ tracers, intervalMs: 1000, onProblem });
  using governor = new Governor({ pipeline, tracers, cpuPercent: CPU_PERCENT, patienceMs: 1500, onProblem });
  const rounds = new Rounds();
  pipeline.addReader(rounds);
  pipeline.addReader(governor);
  const loop = fork(new URL("testing/call-loop.ts", import.meta.url), { execArgv: [] });
  try {
    const before = await rounds.next(() => true);
    assert.deepEqual(syscallsIn(before).state, "on");
    loop.send("start");
    const { state, reason = "" } = syscallsIn(await rounds.next((round) => syscallsIn(round).state !== "on"));
    const effect = state === "off" ? "it is off" : "system calls are counted without their times";
    assert.match(reason, new RegExp(`^Skep took [\\d.]+ % of the machine, and may take [\\d.]+ %: ${effect}$`));

    loop.send("stop");
    await once(loop, "message");
    await rounds.next((round) => syscallsIn(round).state === "on");
    const first = rounds.seen.length;
    loop.send("count");
    const [made] = (await once(loop, "message")) as [number];
    await pipeline.takeRound();
    const counted = rounds.seen.slice(first).reduce((sum, round) => sum + callsOf(round, loop.pid), 0);
    assert.equal(counted, made);
    assert.deepEqual(problems, []);
  } finally {
    loop.kill("SIGKILL");
  }
});
