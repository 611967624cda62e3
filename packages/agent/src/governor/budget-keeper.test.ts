import assert from "node:assert/strict";
import { test } from "node:test";
import type { TracerName } from "../pipeline/round.ts";
import { BudgetKeeper, type LevelChange, type RemainingBySteps } from "./budget-keeper.ts";

const BUDGET = 0.01;
const remaining: RemainingBySteps = {
  cpu: [0.5, 0],
  "off-cpu": [0],
  syscalls: [0.5, 0],
  processes: [0.5, 0],
  files: [0],
  network: [0.5, 0],
};

type Shares = Partial<Record<TracerName, number>>;

/** A machine on which each tracer costs what its load makes it cost, as far as it is on. */
class Machine {
  readonly keeper: BudgetKeeper = new BudgetKeeper(BUDGET, remaining);
  /** With all that is configured. */
  costs: Shares = { cpu: 0.0005, syscalls: 0.002, processes: 0.0005, files: 0.002 };
  agentShare = 0.001;
  agentEstimate = 0.001;
  baseEstimate = 0;
  othersShare = 0.3;
  nowMs = 0;
  changeCount = 0;

  get bpfShares(): Shares {
    return Object.fromEntries(
      Object.entries(this.costs).flatMap(([name, cost]) => {
        const left = this.#leftOf(name as TracerName);
        return left === 0 ? [] : [[name, cost * left]];
      }),
    );
  }

  get totalShare(): number {
    return Object.values(this.bpfShares).reduce((sum, cost) => sum + cost, this.agentShare);
  }

  get levels(): Shares {
    const names = Object.keys(remaining) as TracerName[];
    return Object.fromEntries(
      names.map((name) => [name, this.keeper.levelOf(name)]).filter(([, level]) => level !== 0),
    );
  }

  run(seconds: number, roundSeconds: number = 10): LevelChange[] {
    const changes: LevelChange[] = [];
    for (const endMs = this.nowMs + seconds * 1000; this.nowMs < endMs; ) {
      this.nowMs += 1000 * roundSeconds;
      const decided = this.keeper.decide({
        atMs: this.nowMs,
        durationMs: 1000 * roundSeconds,
        agentShare: this.agentShare,
        othersShare: this.othersShare,
        agentEstimate: {
          byTracer: { cpu: 0.5 * this.agentEstimate, syscalls: 0.5 * this.agentEstimate },
          base: this.baseEstimate,
        },
        bpfShares: this.bpfShares,
      });
      this.changeCount += decided.length;
      changes.push(...decided);
    }
    return changes;
  }

  #leftOf(name: TracerName): number {
    return remaining[name].slice(0, this.keeper.levelOf(name)).reduce((left, part) => left * part, 1);
  }
}

test("within its budget nothing is changed", () => {
  const machine = new Machine();
  machine.run(3600);
  assert.equal(machine.changeCount, 0);
});

test("one round above the budget is enough to be below it in the next, the dearest first", () => {
  const machine = new Machine();
  machine.run(100);
  machine.costs = { cpu: 0.0005, syscalls: 0.012, processes: 0.002, files: 0.003 };
  machine.run(10);
  assert.deepEqual(machine.levels, { syscalls: 2 });
  assert.ok(machine.totalShare < BUDGET);
  assert.equal(machine.changeCount, 1);
});

test("that of processes goes last of all", () => {
  const machine = new Machine();
  machine.costs = { cpu: 0.002, syscalls: 0.1, processes: 0.2, files: 0.1 };
  machine.run(10);
  assert.deepEqual(machine.levels, { cpu: 2, syscalls: 2, processes: 2, files: 1 });

  const other = new Machine();
  other.costs = { cpu: 0.002, syscalls: 0.1, processes: 0.01, files: 0.1 };
  other.run(10);
  assert.deepEqual(other.levels, { syscalls: 2, processes: 1, files: 1 });
});

test("when the load has ended, all is as configured again", () => {
  const machine = new Machine();
  const calm = machine.costs;
  machine.costs = { ...calm, syscalls: 0.1, files: 0.08 };
  machine.run(60);
  assert.deepEqual(machine.levels, { syscalls: 2, files: 1 });
  machine.costs = calm;
  machine.othersShare = 0.1;
  machine.run(30);
  assert.notDeepEqual(machine.levels, {}, "one quiet round is no reason");
  machine.run(600);
  assert.deepEqual(machine.levels, {});
});

test("a tracer that goes up by one step of several is still told what it was turned down for", () => {
  const machine = new Machine();
  machine.costs = { syscalls: 0.1 };
  machine.run(10);
  assert.deepEqual(machine.levels, { syscalls: 2 });
  machine.costs = { syscalls: 0.001 };
  machine.othersShare = 0;
  const changes = machine.run(600);
  assert.deepEqual(
    changes.map(({ level, totalShare }) => [level, totalShare > BUDGET]),
    [
      [1, true],
      [0, false],
    ],
  );
});

test("while others keep the machine as busy, what is off stays off for minutes", () => {
  const machine = new Machine();
  machine.costs = { ...machine.costs, files: 0.08 };
  machine.run(10);
  assert.deepEqual(machine.levels, { files: 1 });
  machine.run(7 * 60);
  assert.equal(machine.changeCount, 1);
  machine.othersShare = 0.1;
  machine.run(10);
  assert.equal(machine.changeCount, 2, "tried");
});

test("what is off and was cheap comes back soon, under the same load too", () => {
  const machine = new Machine();
  machine.costs = { files: 0.005, syscalls: 0.011 };
  machine.run(10);
  assert.deepEqual(machine.levels, { syscalls: 2 });
  machine.costs = { files: 0.005, syscalls: 0.0025 };
  machine.keeper.forget("syscalls");
  machine.agentShare = 0.004;
  machine.run(100);
  assert.deepEqual(machine.levels, { files: 1 });
  machine.agentShare = 0.0002;
  machine.run(200);
  assert.deepEqual(machine.levels, {});
});

test("a load that stays is tried ever less often", () => {
  const machine = new Machine();
  machine.costs = { ...machine.costs, syscalls: 0.1 };
  const perHour: number[] = [];
  for (let hour = 0; hour < 4; hour++) {
    const before = machine.changeCount;
    machine.run(3600);
    perHour.push(machine.changeCount - before);
  }
  assert.ok((perHour[0] ?? 0) >= 4, `tried: ${perHour}`);
  assert.ok((perHour[3] ?? 0) <= 6, `does not flap: ${perHour}`);
});

test("a step whose cost is known is not tried while it would be too much", () => {
  const machine = new Machine();
  machine.costs = { syscalls: 0.012 };
  machine.run(10);
  assert.deepEqual(machine.levels, { syscalls: 1 });
  machine.run(36_000);
  assert.equal(machine.changeCount, 1);
});

test("a burst of the agent's own CPU time does not count, its mean does", () => {
  const machine = new Machine();
  machine.run(100);
  machine.agentShare = 0.015;
  machine.run(10);
  machine.agentShare = 0.001;
  machine.run(300);
  assert.equal(machine.changeCount, 0);
  machine.agentShare = 0.03;
  machine.run(300);
  assert.ok(machine.changeCount > 0);
});

test("what the agent takes for itself is no reason to turn off more", () => {
  const machine = new Machine();
  machine.run(100);
  machine.agentEstimate = 0.0002;
  machine.baseEstimate = 0.0008;
  machine.costs = { cpu: 0.0005, syscalls: 0.007, processes: 0.0005, files: 0.002 };
  machine.run(10);
  assert.deepEqual(machine.levels, { syscalls: 1 });
});

test("where the agent takes most of the budget for itself, the tracers go on", () => {
  const machine = new Machine();
  machine.costs = { cpu: 0.0005, syscalls: 0.001, processes: 0.0005, files: 0.0005 };
  machine.agentEstimate = 0.0002;
  machine.baseEstimate = 0.002;
  machine.agentShare = 0.012;
  machine.run(600);
  assert.deepEqual(machine.levels, {});
  machine.costs = { ...machine.costs, files: 0.008 };
  machine.run(10);
  assert.deepEqual(machine.levels, { files: 1 });
});

test("what the agent does while it starts says nothing", () => {
  const machine = new Machine();
  machine.agentShare = 0.3;
  machine.agentEstimate = 0.3;
  machine.run(3, 1);
  assert.equal(machine.changeCount, 0);
});

test("what the agent has to do tells at once what it will cost after its start", () => {
  const machine = new Machine();
  machine.agentShare = 0.2;
  machine.agentEstimate = 0.05;
  machine.run(10);
  assert.deepEqual(machine.levels, { cpu: 2, syscalls: 2 });
});

test("who is turned down before the agent's work is known is turned down further once it is", () => {
  const machine = new Machine();
  machine.costs = { syscalls: 0.004, processes: 0.0005, files: 0.03 };
  machine.agentEstimate = 0.008;
  machine.agentShare = 0.008;
  machine.run(3, 3);
  assert.deepEqual(machine.levels, { files: 1 });
  machine.run(3, 3);
  assert.deepEqual(machine.levels, { files: 1, syscalls: 1 });
});

test("starting costs more than going on, and does not count", () => {
  const machine = new Machine();
  machine.agentShare = 0.2;
  machine.run(30);
  machine.agentShare = 0.001;
  machine.run(600);
  assert.equal(machine.changeCount, 0);
});

test("nor does what the programs cost while Skep starts, if it is no more than some budgets", () => {
  const machine = new Machine();
  machine.costs = { syscalls: 0.01, files: 0.015 };
  machine.run(4, 1);
  assert.deepEqual(machine.levels, {});
  machine.run(1, 1);
  assert.deepEqual(machine.levels, { files: 1, syscalls: 1 });
});

test("what is configured anew starts from there", () => {
  const machine = new Machine();
  machine.costs = { syscalls: 0.1, files: 0.1 };
  machine.run(10);
  machine.keeper.forget("syscalls");
  assert.deepEqual(machine.levels, { files: 1 });
});
