import assert from "node:assert/strict";
import { test } from "node:test";
import type { SeriesPoint } from "skep/answers";
import { appended, last, levelOf, ownCpuShare, ownMemory, rateOf } from "./curves.ts";
import { pointsOf } from "./live-data.ts";

const points: readonly SeriesPoint[] = [
  { startMs: 0, endMs: 1000, values: { syscalls: 50, agentCpuNs: 20e6, cpuBusyShare: 0.5, residentBytes: 40 } },
  { startMs: 1000, endMs: 11_000, values: { syscalls: 50, agentCpuNs: 20e6, bpfRunTimeNs: 20e6, mapBytes: 2 } },
];

test("counts become rates, by how long each point is", () => {
  assert.deepEqual(rateOf(points, "syscalls"), [50, 5]);
});

test("what was not measured is a gap, not a zero", () => {
  assert.deepEqual(rateOf(points, "lost"), [null, null]);
  assert.deepEqual(levelOf(points, "cpuBusyShare"), [0.5, null]);
  assert.deepEqual(ownMemory(points), [40, null]);
  assert.equal(last(levelOf(points, "cpuBusyShare")), undefined);
});

test("what Skep costs is the agent and its BPF programs, of all CPUs", () => {
  assert.deepEqual(ownCpuShare(points, 2), [0.01, 0.002]);
  assert.deepEqual(ownCpuShare(points, 0), [null, null]);
});

test("a new point is appended once, and old ones go", () => {
  const next = { startMs: 11_000, endMs: 21_000, values: {} };
  assert.deepEqual(appended(points, next, 15_000), [points[1], next]);
  assert.deepEqual(appended([next], next, 15_000), [next]);
});

test("columns of the answer become points", () => {
  const values = { syscalls: [1, null] } as never;
  assert.deepEqual(pointsOf({ startMs: [0, 1], endMs: [1, 2], values }), [
    { startMs: 0, endMs: 1, values: { syscalls: 1 } },
    { startMs: 1, endMs: 2, values: {} },
  ]);
});
