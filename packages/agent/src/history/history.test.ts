import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { callingProcesses, callRows, heatMapOf } from "./call-answers.ts";
import { fileList } from "./file-answers.ts";
import { History, type TimeRange } from "./history.ts";
import { flameGraphOf, processShares, profileOf, stacksOf } from "./stack-answers.ts";
import {
  api,
  call,
  FIRST_ROUND_MS,
  file,
  files,
  frame,
  processEvents,
  processes,
  profile,
  ROUND_MS,
  round,
  sample,
  smallSamples,
  syscalls,
  tracers,
} from "./testing/rounds.ts";

const always: TimeRange = { fromMs: 0, toMs: Number.POSITIVE_INFINITY };

function historyOf(rounds: number): History {
  const history = new History();
  for (let index = 0; index < rounds; index++) history.read(round(index));
  return history;
}

function callsIn(history: History, range: TimeRange) {
  return history.spans(range).flatMap(({ calls }) => calls ?? []);
}

test("a round becomes a point of every curve", () => {
  const [point] = historyOf(1).points(always);
  assert.deepEqual(point, {
    startMs: FIRST_ROUND_MS,
    endMs: FIRST_ROUND_MS + ROUND_MS,
    values: {
      samples: 7,
      onCpuNs: 7 * 10_101_010,
      offCpuNs: 60_000_000,
      syscalls: 130,
      syscallErrors: 6,
      processStarts: 1,
      readBytes: 81_920,
      writtenBytes: 0,
      requests: 30,
      requestErrors: 7,
      packetDrops: 2,
      connections: 0,
      agentCpuNs: 80_000_000,
      lost: 0,
      cpuBusyShare: 0.5,
      memoryUsedBytes: 2e9,
      loadAverage: 0.5,
      residentBytes: 45_000_000,
      mapBytes: 4_000_000,
    },
  });
});

test("stacks of several rounds add up to one flame graph", () => {
  const history = historyOf(3);
  const stacks = stacksOf(history, "on-cpu", always);
  assert.ok(stacks);
  const graph = flameGraphOf(history.tables, stacks, {
    mode: "on-cpu",
    startedAtMs: 5,
    hostName: "box",
    lost: {},
  });
  assert.deepEqual(graph.names, ["main", "Tree::walk()", "copy_user_generic"]);
  assert.deepEqual(graph.kinds, ["native", "kernel"]);
  assert.deepEqual(graph.processes, [
    { pid: 42, name: "api", self: 0, nodes: [0, 0, 3, 1, 1, 6, 2, 2, 3] },
    { pid: 7, name: "sh", containerId: "c0ffee", self: 3, nodes: [0, 0, 6] },
  ]);
  assert.equal(graph.sampleCount, 21);
  assert.equal(graph.durationNs, 30e9);
  assert.deepEqual(
    processShares(history.tables, stacks, "on-cpu").map(({ process, value }) => [process.name, value]),
    [
      ["api", 12],
      ["sh", 9],
    ],
  );
});

test("two spans are one tree with two values at each node", () => {
  const history = new History();
  history.read(round(0, { cpu: profile([sample(api, 4, frame("old"), frame("main")), sample(api, 1)]) }));
  history.read(round(1));
  const range = (index: number) => ({
    fromMs: FIRST_ROUND_MS + index * ROUND_MS,
    toMs: FIRST_ROUND_MS + (index + 1) * ROUND_MS,
  });
  const stacks = stacksOf(history, "on-cpu", range(1));
  const before = stacksOf(history, "on-cpu", range(0));
  assert.ok(stacks && before);
  const graph = flameGraphOf(history.tables, stacks, {
    mode: "on-cpu",
    startedAtMs: 5,
    hostName: "box",
    lost: {},
    pid: 42,
    baseline: { startedAtMs: 4, stacks: before },
  });
  assert.deepEqual(graph.names, ["main", "old", "Tree::walk()", "copy_user_generic"]);
  assert.deepEqual(graph.processes, [
    {
      pid: 42,
      name: "api",
      self: 0,
      nodes: [0, 0, 1, 1, 1, 0, 1, 2, 2, 2, 3, 1],
      baseline: [1, 0, 4, 0, 0],
    },
  ]);
  assert.deepEqual(graph.baseline, { startedAtMs: 4, durationNs: 10e9, sampleCount: 5 });
});

test("pprof gets the stacks leaf first, with all values", () => {
  const history = historyOf(2);
  const stacks = stacksOf(history, "on-cpu", always);
  assert.ok(stacks);
  const { samples, durationNs } = profileOf(history.tables, stacks, "on-cpu", 1000.5);
  assert.equal(durationNs, 20e9);
  assert.deepEqual(
    samples.map(({ process, stack, values }) => [process.pid, stack.map(({ name }) => name), values]),
    smallSamples().map(({ process, stack, values }) => [
      process.pid,
      stack.map(({ name }) => name),
      values.map((value) => value * 2),
    ]),
  );
});

test("system calls of all and of one process", () => {
  const history = historyOf(2);
  const calls = callsIn(history, always);
  assert.deepEqual(callRows(history.tables, calls, undefined), [
    {
      name: "read",
      calls: 200,
      errors: 0,
      errorsByName: {},
      timedCalls: 200,
      totalNs: 600_000,
      maxNs: 4000,
      medianBelowNs: 4096,
      p99BelowNs: 4096,
    },
    {
      name: "openat",
      calls: 40,
      errors: 12,
      errorsByName: { ENOENT: 10, EACCES: 2 },
      timedCalls: 40,
      totalNs: 120_000,
      maxNs: 4000,
      medianBelowNs: 4096,
      p99BelowNs: 4096,
    },
    {
      name: "futex",
      calls: 20,
      errors: 0,
      errorsByName: {},
      timedCalls: 20,
      totalNs: 10e9,
      maxNs: 2e9,
      medianBelowNs: 2 ** 29,
      p99BelowNs: 2 ** 31,
    },
  ]);
  assert.deepEqual(
    callRows(history.tables, calls, 7).map(({ name, calls, errors }) => [name, calls, errors]),
    [
      ["openat", 40, 12],
      ["read", 20, 0],
    ],
  );
  assert.deepEqual(
    callingProcesses(history.tables, calls).map(({ process, calls }) => [process.pid, calls]),
    [
      [42, 200],
      [7, 60],
    ],
  );
});

test("the heat map has a column for each span and a row for each power of two", () => {
  const history = historyOf(2);
  const spans = history.spans(always);
  const all = heatMapOf(history.tables, spans, undefined);
  assert.equal(all?.lowestBucket, 11);
  assert.deepEqual(
    all?.counts.map((counts) => [counts.length, counts[0], counts[28 - 11], counts[30 - 11]]),
    [
      [20, 120, 9, 1],
      [20, 120, 9, 1],
    ],
  );
  const futex = heatMapOf(history.tables, spans, "futex");
  assert.deepEqual(
    [futex?.lowestBucket, futex?.counts],
    [
      28,
      [
        [9, 0, 1],
        [9, 0, 1],
      ],
    ],
  );
  assert.equal(heatMapOf(history.tables, spans, "no_such_call"), undefined);
});

test("without latencies there is no heat map and no time", () => {
  const history = new History();
  const { totalNs: _, maxNs: __, histogramNs: ___, ...counted } = call("read", 5);
  history.read(round(0, { syscalls: syscalls({ syscalls: [counted] }) }));
  assert.equal(heatMapOf(history.tables, history.spans(always), undefined), undefined);
  assert.deepEqual(callRows(history.tables, callsIn(history, always), undefined), [
    { name: "read", calls: 5, errors: 0, errorsByName: {} },
  ]);
});

test("files add up by process and path", () => {
  const history = historyOf(2);
  const spans = history.spans(always).flatMap((span) => span.files ?? []);
  const { files, fileCount } = fileList(history.tables, spans, 7);
  assert.equal(fileCount, 1);
  assert.deepEqual(files, [
    {
      process: { pid: 7, name: "sh", containerId: "c0ffee" },
      file: { path: "/etc/passwd", type: "file", fileSystem: "ext4", deleted: false },
      opens: 2,
      reads: 20,
      writes: 0,
      syncs: 0,
      readBytes: 81_920,
      writtenBytes: 0,
      durationNs: 200_000,
      errors: 4,
    },
  ]);
});

test("ranges that follow each other share nothing and leave nothing out", () => {
  const history = historyOf(20);
  const cut = FIRST_ROUND_MS + 73_456;
  const sum = (range: TimeRange) => callsIn(history, range).reduce((total, { calls }) => total + calls.sum("calls"), 0);
  assert.equal(sum({ fromMs: 0, toMs: cut }) + sum({ fromMs: cut, toMs: always.toMs }), 20 * 130);
});

test("what is older than the retention is gone", () => {
  const history = new History({ retentionMs: 60_000 });
  for (let index = 0; index < 100; index++) history.read(round(index));
  const { extent } = history;
  assert.equal(extent?.roundCount, 6);
  assert.equal(extent?.toMs - extent?.fromMs, 60_000);
  assert.equal(history.log.size, 18);
  assert.equal(history.log.forgotten, 0);
});

test("a tracer that was off leaves a gap, and its states are remembered", () => {
  const history = new History();
  const { syscalls: _, ...without } = round(1, {
    tracers: tracers({ syscalls: { state: "off", reason: "over budget" } }),
  });
  history.read(round(0));
  history.read(without);
  history.read(round(2));
  assert.deepEqual(
    history.points(always).map(({ values }) => values.syscalls),
    [130, undefined, 130],
  );
  assert.deepEqual(
    history.changes.filter(({ name }) => name === "syscalls").map(({ state, reason }) => [state, reason]),
    [
      ["on", undefined],
      ["off", "over budget"],
      ["on", undefined],
    ],
  );
});

test("near the bound older rounds are joined, and every sum stays", () => {
  const history = new History({ limitBytes: 2_000_000 });
  const rounds = 90;
  for (let index = 0; index < rounds; index++) {
    // The same few hundred stacks in each of them: joining is enough.
    const samples = Array.from({ length: 400 }, (_, stack) => sample(api, 1, frame(`leaf ${stack}`), frame("main")));
    history.read(round(index, { cpu: profile(samples) }));
  }
  const { extent } = history;
  assert.ok(extent);
  assert.ok(extent.spanCount < rounds, `${extent.spanCount} spans`);
  assert.equal(extent.roundCount, rounds);
  assert.equal(extent.detailsFromMs, undefined);
  assert.ok(extent.sizeBytes <= extent.limitBytes, `${extent.sizeBytes} bytes`);
  const stacks = stacksOf(history, "on-cpu", always);
  assert.equal(stacks?.rows.sum("count"), rounds * 400);
  assert.equal(stacks?.facts.sampleCount, rounds * 400);
  assert.equal(
    callsIn(history, always).reduce((sum, { calls }) => sum + calls.sum("calls"), 0),
    rounds * 130,
  );
  assert.equal(history.points(always).length, rounds);
});

test("many light rows of one round become one, and the sum stays", () => {
  const history = new History({ limitBytes: 1_000_000 });
  const frames = Array.from({ length: 70 }, (_, index) => frame(`function ${index}`));
  const samples = frames.flatMap((leaf, weight) => frames.map((caller) => sample(api, 1 + weight, leaf, caller)));
  history.read(round(0, { cpu: profile(samples) }));
  const stacks = stacksOf(history, "on-cpu", always);
  assert.equal(stacks?.rows.sum("count"), stacks?.facts.sampleCount);
  assert.ok((history.extent?.foldedRows ?? 0) > 1000);
});

/** Nothing in it was ever seen before. */
function hostileRound(index: number) {
  // From bytes, as names are: a template would give a string that keeps its parts alive.
  const unique = (what: string, number: number) =>
    Buffer.from(`${what} ${index} ${number} ${"é".repeat(number % 50)}`).toString();
  const samples = Array.from({ length: 3000 }, (_, number) =>
    sample(
      { pid: index * 3000 + number, name: unique("process", number) },
      1,
      ...Array.from({ length: 60 }, (_, depth) => frame(unique(`function ${depth}`, number))),
    ),
  );
  return round(index, {
    cpu: profile(samples),
    syscalls: syscalls({ syscalls: Array.from({ length: 500 }, (_, number) => call(unique("call", number), 2)) }),
    files: files(
      Array.from({ length: 3000 }, (_, number) => file(api, `/${unique("file", number)}/${"x".repeat(300)}`)),
    ),
    processes: processes(
      processEvents(FIRST_ROUND_MS + index * ROUND_MS).flatMap((event) =>
        Array.from({ length: 500 }, (_, number) => ({ ...event, name: unique("name", number) })),
      ),
    ),
  });
}

test("whatever comes, the bound holds, the newest round is whole in its sums, and what is missing is said", () => {
  for (const limitBytes of [1_000_000, 6_000_000]) {
    const history = new History({ limitBytes });
    for (let index = 0; index < 4; index++) {
      history.read(hostileRound(index));
      assert.ok(history.sizeBytes <= limitBytes, `${history.sizeBytes} of ${limitBytes} bytes`);
      const newest = history.spans(always).at(-1);
      assert.equal(newest?.cpu?.rows.sum("count"), 3000);
      assert.equal(newest?.calls?.calls.sum("calls"), 1000);
      assert.equal(newest?.files?.rows.sum("reads"), 30_000);
    }
    const { extent } = history;
    assert.ok(extent);
    assert.ok((extent.detailsFromMs ?? 0) > extent.fromMs, "details were dropped");
    assert.equal(extent.cutRounds, 4);
    assert.equal(history.points(always).length, 4);
    // What remains can still be answered from.
    const stacks = stacksOf(history, "on-cpu", always);
    assert.ok(stacks);
    flameGraphOf(history.tables, stacks, { mode: "on-cpu", startedAtMs: 0, hostName: "", lost: {} });
    assert.ok([...history.log.entries()].length > 0);
  }
});

test("what it says that it takes is what it takes", () => {
  setFlagsFromString("--expose-gc");
  const collectGarbage: () => void = runInNewContext("gc");
  const usedBytes = () => {
    // What the first one frees may hold what the second one can free then.
    collectGarbage();
    collectGarbage();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  // A function of its own: the frame of this one would keep the last round alive.
  const fill = (history: History) => {
    for (let index = 0; index < 3; index++) history.read(hostileRound(index));
  };
  // The code and what V8 learns of it is there before as after.
  fill(new History());
  const before = usedBytes();
  const history = new History();
  fill(history);
  const takenBytes = usedBytes() - before;
  const { sizeBytes } = history;
  assert.ok(takenBytes < sizeBytes * 1.1, `${takenBytes} bytes instead of ${sizeBytes}`);
  assert.ok(takenBytes > sizeBytes / 2, `${takenBytes} bytes instead of ${sizeBytes}`);
});

test("too small a bound is refused", () => {
  assert.throws(
    () => new History({ limitBytes: 1000 }),
    new RangeError("the history needs at least 1 MB, not 1000 bytes"),
  );
});
