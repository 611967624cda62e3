import assert from "node:assert/strict";
import { test } from "node:test";
import { assertFrequency, offCpuTableSizes, onCpuTableSizes, threadCount } from "./profiler-options.ts";

test("a frequency is a whole number from 1 to what the kernel allows", () => {
  for (const fine of [1, 99, 4000]) assertFrequency(fine, 4000);
  for (const wrong of [0, -1, 4001, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => assertFrequency(wrong, 4000), {
      code: "invalid-argument",
      message: `cannot sample at ${wrong} Hz`,
      hint: "give a whole number from 1 to 4000, which is kernel.perf_event_max_sample_rate here",
    });
  }
});

test("tables hold the worst case of the time between two reads, until they would cost too much", () => {
  for (const [cpus, frequencyHz, stacks, readIntervalMs] of [
    [1, 1, 256, 1000],
    [2, 99, 594, 1000],
    [8, 99, 2376, 1000],
    [64, 99, 4096, 215],
    [64, 4000, 4096, 100],
  ] as const) {
    const sizes = onCpuTableSizes(cpus, frequencyHz);
    assert.deepEqual([sizes.stacks, sizes.readIntervalMs], [stacks, readIntervalMs], `${cpus} x ${frequencyHz} Hz`);
  }
});

test("off the CPU there is room for twice the threads there are", () => {
  assert.equal(offCpuTableSizes(500).blocked, 2024);
  assert.equal(threadCount("0.08 0.03 0.01 2/187 4711\n"), 187);
  assert.equal(threadCount("nonsense"), 0);
});
