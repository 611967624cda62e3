import assert from "node:assert/strict";
import { after, test } from "node:test";
import { BpfError } from "@skep/ebpf/errors";
import { Pipeline, type PipelineSettings } from "./pipeline.ts";
import type { Problem } from "./problem.ts";
import type { Round, RoundReader } from "./round.ts";
import { PlainTracer, plainStarters } from "./testing/plain-tracer.ts";

/** So far away that a test only gets the rounds that it asks for. */
const NEVER_MS = 2 ** 31 - 1;

class Rounds implements RoundReader {
  readonly name = "the test";
  readonly all: Round[] = [];

  read(round: Round): void {
    this.all.push(round);
  }

  get last(): Round {
    const last = this.all.at(-1);
    assert.ok(last);
    return last;
  }
}

async function start(settings: Partial<PipelineSettings>) {
  const problems: Problem[] = [];
  const pipeline = await Pipeline.start({
    tracers: {},
    firstRoundMs: NEVER_MS,
    onProblem: (problem) => problems.push(problem),
    ...settings,
  });
  // A test that fails does not get to it, and the timer of the next round would keep it waiting.
  after(() => pipeline[Symbol.asyncDispose]());
  const rounds = new Rounds();
  pipeline.addReader(rounds);
  return { pipeline, rounds, problems };
}

test("a tracer that cannot start is off for a reason that is said once, and the others run", async () => {
  const syscalls = new PlainTracer();
  const { pipeline, rounds, problems } = await start({
    tracers: { cpu: {}, syscalls: {} },
    starters: plainStarters({
      cpu: async () => {
        throw new BpfError("not-permitted", "loading is not permitted", { hint: "run it as root" });
      },
      syscalls: async () => syscalls,
    }),
  });
  await pipeline.takeRound();
  await pipeline.takeRound();
  await pipeline[Symbol.asyncDispose]();
  assert.deepEqual(
    rounds.last.tracers.map(({ name, state, reason, hint }) => ({ name, state, reason, hint })),
    [
      { name: "cpu", state: "off", reason: "loading is not permitted", hint: "run it as root" },
      { name: "off-cpu", state: "off", reason: "it is not switched on", hint: undefined },
      { name: "syscalls", state: "on", reason: undefined, hint: undefined },
      { name: "processes", state: "off", reason: "it is not switched on", hint: undefined },
      { name: "files", state: "off", reason: "it is not switched on", hint: undefined },
      { name: "network", state: "off", reason: "it is not switched on", hint: undefined },
    ],
  );
  assert.deepEqual(problems, [{ message: "the cpu tracer is off: loading is not permitted", hint: "run it as root" }]);
});

test("work is done with each round, and with each tracer's start after the first one", async () => {
  let done = 0;
  const doneBefore: number[] = [];
  const starter = async () => {
    doneBefore.push(done);
    return new PlainTracer();
  };
  const { pipeline } = await start({
    tracers: { syscalls: {}, cpu: {}, processes: {} },
    starters: plainStarters({ syscalls: starter, cpu: starter, processes: starter }),
    readers: [{ name: "the first reader", read: () => doneBefore.push(done) }],
    onWorkDone: () => done++,
  });
  // The first tracer and the round after it, and then the others.
  assert.deepEqual([doneBefore, done], [[0, 0, 1, 2], 3]);
  await pipeline.change("cpu", { settings: {} });
  assert.equal(done, 4);
});

test("what runs is shown while the other tracers are still being started", async () => {
  const network = Promise.withResolvers<PlainTracer>();
  const first = Promise.withResolvers<Round>();
  const starting = start({
    tracers: { cpu: {}, network: {} },
    starters: plainStarters({ cpu: async () => new PlainTracer(), network: () => network.promise }),
    readers: [{ name: "the first reader", read: (round) => first.resolve(round) }],
  });
  const states = (tracers: Round["tracers"]) =>
    tracers.filter(({ name }) => name === "cpu" || name === "network").map(({ state, reason }) => [state, reason]);
  assert.deepEqual(states((await first.promise).tracers), [
    ["on", undefined],
    ["off", "it has not been started yet"],
  ]);
  network.resolve(new PlainTracer());
  const { pipeline, rounds } = await starting;
  await pipeline.takeRound();
  assert.deepEqual(states(rounds.last.tracers), [
    ["on", undefined],
    ["on", undefined],
  ]);
});

test("rounds follow each other without a gap and never overlap", async () => {
  const syscalls = new PlainTracer();
  const { pipeline, rounds } = await start({
    tracers: { syscalls: {} },
    starters: plainStarters({ syscalls: async () => syscalls }),
  });
  const gate = Promise.withResolvers<void>();
  syscalls.gate = gate.promise;
  const three = [pipeline.takeRound(), pipeline.takeRound(), pipeline.takeRound()];
  await new Promise(setImmediate);
  assert.deepEqual(syscalls.log, ["observe"]);
  gate.resolve();
  await Promise.all(three);
  await pipeline[Symbol.asyncDispose]();
  assert.equal(rounds.all.length, 4);
  for (const { startUnixNs, endUnixNs, durationNs } of rounds.all) {
    assert.equal(endUnixNs - startUnixNs, BigInt(durationNs));
    assert.ok(durationNs > 0);
  }
});

test("the end detaches all tracers before it reads the first of them, and lets go after the last round", async () => {
  const log: string[] = [];
  const named = (name: string) => {
    const tracer = new PlainTracer();
    tracer.log.push = (...entries) => log.push(...entries.map((entry) => `${name} ${entry}`));
    return tracer;
  };
  const { pipeline } = await start({
    tracers: { cpu: {}, files: {} },
    starters: plainStarters({ cpu: async () => named("cpu"), files: async () => named("files") }),
  });
  pipeline.addReader({ name: "the log", read: () => log.push("read") });
  await Promise.all([pipeline[Symbol.asyncDispose](), pipeline[Symbol.asyncDispose]()]);
  assert.deepEqual(log, [
    "cpu stop",
    "files stop",
    "cpu observe",
    "files observe",
    "read",
    "cpu dispose",
    "files dispose",
  ]);
});

test("a tracer that can goes on with other settings, and is not started anew", async () => {
  const tracer = new PlainTracer();
  const continued: unknown[] = [];
  let starts = 0;
  const { pipeline, rounds } = await start({
    tracers: { cpu: { frequencyHz: 40 } },
    starters: plainStarters({
      cpu: async () => {
        starts += 1;
        return Object.assign(tracer, {
          continueWith: (settings: { readonly frequencyHz?: number }) => {
            if (settings.frequencyHz === 80) return undefined;
            continued.push(settings);
            return tracer.observe();
          },
        });
      },
    }),
  });
  await pipeline.change("cpu", { settings: { frequencyHz: 20 }, reason: "it costs too much" });
  assert.deepEqual([continued, starts, tracer.log], [[{ frequencyHz: 20 }], 1, ["observe"]]);
  await pipeline.takeRound();
  const [state] = rounds.last.tracers;
  assert.deepEqual([state?.state, state?.reason], ["reduced", "it costs too much"]);

  tracer.log.length = 0;
  await pipeline.change("cpu", { settings: { frequencyHz: 80 } });
  assert.deepEqual([starts, tracer.log], [2, ["stop", "observe", "dispose"]]);

  // What fails on the way is off, and is started anew.
  tracer.next = new Error("it broke");
  await pipeline.change("cpu", { settings: { frequencyHz: 20 } });
  tracer.next = {};
  assert.equal(starts, 3);
  await pipeline.takeRound();
  assert.equal(rounds.last.tracers[0]?.state, "on");
});

test("what is asked for once the end has begun comes to nothing", async () => {
  let starts = 0;
  const starters = plainStarters({
    syscalls: async () => {
      starts += 1;
      return new PlainTracer();
    },
  });
  const { pipeline, rounds, problems } = await start({ tracers: { syscalls: {} }, starters });
  const end = pipeline[Symbol.asyncDispose]();
  await Promise.all([end, pipeline.change("syscalls", { settings: { latencies: false } }), pipeline.takeRound()]);
  assert.equal(rounds.all.length, 1);
  assert.equal(starts, 1);
  assert.deepEqual(problems, []);
});

test("a reader that throws is reported once, and the readers after it get every round", async () => {
  const { pipeline, problems } = await start({});
  pipeline.addReader({
    name: "the history",
    read: () => {
      throw new RangeError("no room");
    },
  });
  const rounds = new Rounds();
  pipeline.addReader(rounds);
  await pipeline.takeRound();
  await pipeline.takeRound();
  await pipeline[Symbol.asyncDispose]();
  assert.equal(rounds.all.length, 3);
  assert.equal(problems.length, 1);
  assert.match(problems[0]?.message ?? "", /^the history could not take a round: .*no room$/);
});

test("a reader gets no round after it was taken away", async () => {
  const { pipeline, rounds } = await start({});
  const added = new Rounds();
  const reading = pipeline.addReader(added);
  await pipeline.takeRound();
  reading[Symbol.dispose]();
  await pipeline[Symbol.asyncDispose]();
  assert.deepEqual([added.all.length, rounds.all.length], [1, 2]);
});

test("a tracer that fails while it runs is off from then on, and let go of", async () => {
  const files = new PlainTracer();
  files.next = new BpfError("system", "reading the table failed");
  const { pipeline, rounds, problems } = await start({
    tracers: { files: {} },
    starters: plainStarters({ files: async () => files }),
  });
  await pipeline.takeRound();
  await pipeline.takeRound();
  await pipeline[Symbol.asyncDispose]();
  assert.deepEqual(files.log, ["observe", "dispose"]);
  const state = rounds.last.tracers.find(({ name }) => name === "files");
  assert.deepEqual([state?.state, state?.reason], ["off", "reading the table failed"]);
  assert.equal(problems.length, 1);
});

test("a tracer that gets other settings is stopped before its last report, and its counts go on", async () => {
  const runs: PlainTracer[] = [];
  const settings: unknown[] = [];
  const { pipeline, rounds } = await start({
    tracers: { syscalls: { latencies: true } },
    starters: plainStarters({
      syscalls: async (given) => {
        settings.push(given);
        const tracer = new PlainTracer();
        tracer.next = { seen: 12, delivered: 8, lost: { full: 2 } };
        runs.push(tracer);
        return tracer;
      },
    }),
  });
  await pipeline.change("syscalls", { settings: { latencies: false }, reason: "it cost too much", samplingFactor: 10 });
  assert.deepEqual(runs[0]?.log, ["stop", "observe", "dispose"]);
  assert.deepEqual(settings, [{ latencies: true }, { latencies: false }]);
  const { sinceUnixMs: _, ...state } = rounds.last.tracers[2] ?? { sinceUnixMs: 0 };
  assert.deepEqual(state, { name: "syscalls", state: "reduced", reason: "it cost too much", samplingFactor: 10 });

  await pipeline.change("syscalls", { settings: undefined, reason: "it cost too much" });
  assert.deepEqual(rounds.last.self.tracers, [
    { name: "syscalls", seen: 24, delivered: 16, lost: { full: 4 }, mapBytes: 0 },
  ]);
  assert.equal(rounds.last.tracers[2]?.state, "off");
  await pipeline[Symbol.asyncDispose]();
});

test("the run time of BPF programs is that of the round, also when it is measured at last", async () => {
  const cpu = new PlainTracer();
  const { pipeline, rounds } = await start({
    tracers: { cpu: {} },
    starters: plainStarters({ cpu: async () => cpu }),
  });
  await pipeline.takeRound();
  assert.equal(rounds.last.self.bpfRunTimeNs, undefined);
  cpu.runTimeNs = 5000;
  await pipeline.takeRound();
  assert.equal(rounds.last.self.bpfRunTimeNs, 5000);
  cpu.runTimeNs = 7000;
  await pipeline.takeRound();
  assert.equal(rounds.last.self.bpfRunTimeNs, 2000);
  assert.equal(rounds.last.self.mapBytes, 1000);
  await pipeline[Symbol.asyncDispose]();
});

test("a round that takes longer than its interval is counted, and is not made up for", async () => {
  const files = new PlainTracer();
  const gate = Promise.withResolvers<void>();
  files.gate = gate.promise;
  const { pipeline, rounds } = await start({
    tracers: { files: {} },
    firstRoundMs: 0,
    intervalMs: 20,
    starters: plainStarters({ files: async () => files }),
  });
  setTimeout(gate.resolve, 200);
  const second = Promise.withResolvers<void>();
  pipeline.addReader({ name: "the clock", read: () => rounds.all.length === 2 && second.resolve() });
  await second.promise;
  assert.equal(rounds.last.self.lateRounds, 1);
  assert.equal(rounds.all.length, 2);
  await pipeline[Symbol.asyncDispose]();
});

test("the state of the exporters is in the round", async () => {
  const exporter = {
    signal: "metrics",
    endpoint: "http://127.0.0.1:4318/v1/metrics",
    deliveredItems: 3,
    lostItems: { refused: 1 },
    waitingItems: 2,
    waitingBatches: 1,
    memoryBytes: 20,
    spoolBytes: 0,
  } as const;
  const { pipeline, rounds } = await start({ exporters: () => [exporter] });
  await pipeline.takeRound();
  assert.deepEqual(rounds.last.self.exporters, [exporter]);
  await pipeline[Symbol.asyncDispose]();
});
