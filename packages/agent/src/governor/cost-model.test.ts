import assert from "node:assert/strict";
import { test } from "node:test";
import type { Round, TracerName } from "../pipeline/round.ts";
import {
  file,
  fileReport,
  nginx,
  plainRound,
  profile,
  sample,
  syscall,
  syscallReport,
} from "../pipeline/testing/plain-round.ts";
import { CostModel } from "./cost-model.ts";

const CPU_COUNT = 2;

function on(...names: TracerName[]): Round["tracers"] {
  return names.map((name) => ({ name, state: "on", sinceUnixMs: 0, samplingFactor: 1 }));
}

function roundOf(callsPerSecond: number, tracers: Round["tracers"]): Round {
  return plainRound({ tracers, syscalls: syscallReport({ syscalls: [syscall("read", 10 * callsPerSecond)] }) });
}

/** Nanoseconds of programs per second, of all CPUs. */
function nsPerSecond(share: number | undefined): number {
  return Math.round((share ?? Number.NaN) * 1e9 * CPU_COUNT);
}

test("what a round measured is what it cost, and later rounds in proportion to the calls", () => {
  const model = new CostModel(CPU_COUNT);
  const tracers = on("syscalls");
  const measured = model.bpfShares(roundOf(1000, tracers), {}, { syscalls: 10 * 700_000 });
  assert.equal(nsPerSecond(measured.syscalls), 700_000);
  assert.equal(nsPerSecond(model.bpfShares(roundOf(2000, tracers), {}).syscalls), 1_400_000);
});

test("a tracer with other settings, and one that was never measured, are as far off as what was measured", () => {
  const model = new CostModel(CPU_COUNT);
  const guessed = new CostModel(CPU_COUNT);
  const tracers = on("syscalls", "files");
  const [round, counting] = [roundOf(1000, tracers), { syscalls: { latencies: false } }];
  const before = guessed.bpfShares(round, {});
  model.bpfShares(round, {}, { syscalls: 30 * nsPerSecond(before.syscalls) });
  const after = model.bpfShares(round, counting);
  assert.equal(nsPerSecond(after.syscalls), 3 * nsPerSecond(guessed.bpfShares(round, counting).syscalls));
  assert.equal(nsPerSecond(after.files), 3 * nsPerSecond(before.files));
});

test("a tracer that was measured while hardly anything ran says nothing of others", () => {
  const model = new CostModel(CPU_COUNT);
  const tracers = on("cpu", "syscalls", "files");
  const round = roundOf(1000, tracers);
  const { files = 0, syscalls = 0 } = new CostModel(CPU_COUNT).bpfShares(round, {});
  model.bpfShares(roundOf(1, tracers), {}, { syscalls: 1e9 });
  const after = model.bpfShares(round, {});
  assert.ok((after.syscalls ?? 0) > 1000 * syscalls);
  assert.ok(Math.abs((after.files ?? 0) / files - 5) < 1e-9);
});

test("a tracer that is off costs nothing", () => {
  const off: Round["tracers"] = [{ name: "files", state: "off", sinceUnixMs: 0, samplingFactor: 1 }];
  assert.deepEqual(new CostModel(CPU_COUNT).bpfShares(roundOf(1000, off), {}), {});
});

test("without the tracer of system calls their number is what it was, but not for ever", () => {
  const model = new CostModel(CPU_COUNT);
  const { files } = model.bpfShares(roundOf(1000, on("files")), {});
  const without = plainRound({ tracers: on("files") });
  assert.deepEqual(model.bpfShares(without, {}), { files });
  for (let round = 0; round < 60; round++) model.bpfShares(without, {});
  assert.deepEqual(model.bpfShares(without, {}), { files: 0 });
  // Until somebody measures it.
  assert.equal(nsPerSecond(model.bpfShares(without, {}, { files: 10 * 5000 }).files), 5000);
  assert.equal(nsPerSecond(model.bpfShares(without, {}).files), 5000);
});

test("the agent's time goes by rows: a stack takes longer than a file, and a file longer than a call", () => {
  const round = plainRound({
    cpu: profile([sample(nginx, 1)]),
    files: fileReport([file(nginx, {})]),
    syscalls: syscallReport({
      processes: [{ process: nginx, syscalls: [syscall("read", 1)] }],
    }),
  });
  const model = new CostModel(CPU_COUNT);
  const { byTracer, base } = model.agentEstimate(round);
  const { cpu = 0, files = 0, syscalls = 0, network } = byTracer;
  assert.ok(cpu > files && files > syscalls && syscalls > 0 && base > 0);
  assert.equal(network, undefined);
  assert.deepEqual(model.agentEstimate(plainRound()), { byTracer: {}, base });

  // A machine on which programs take three times as long.
  const calls = roundOf(1000, on("syscalls"));
  const { syscalls: share = 0 } = new CostModel(CPU_COUNT).bpfShares(calls, {});
  model.bpfShares(calls, {}, { syscalls: 3 * share * CPU_COUNT * calls.durationNs });
  const slow = model.agentEstimate(round);
  assert.ok(Math.abs(slow.base / base - 3) < 1e-9);
  assert.ok(Math.abs((slow.byTracer.files ?? 0) / files - 3) < 1e-9);
});
