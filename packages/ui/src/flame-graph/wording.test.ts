import assert from "node:assert/strict";
import { test } from "node:test";
import { smallData } from "../testing/small-data.ts";
import { frameCategory } from "./frame-category.ts";
import { amount, circumstances, duration, loss, measurement, percent, title } from "./wording.ts";

test("shares keep what tells them apart", () => {
  const cases: readonly (readonly [number, number, string])[] = [
    [0, 10, "0%"],
    [10, 10, "100%"],
    [1, 3, "33.3%"],
    [1, 120, "0.83%"],
    [1, 1_000_000, "< 0.01%"],
    [0, 0, "0%"],
  ];
  for (const [part, whole, text] of cases) assert.equal(percent(part, whole), text);
});

test("amounts carry their unit", () => {
  assert.equal(amount(1, "samples"), "1 sample");
  assert.equal(amount(1204, "samples"), "1,204 samples");
  assert.equal(amount(2_000_000_000, "nanoseconds"), "2.00 s");
  const durations: readonly (readonly [number, string])[] = [
    [12_340_000_000, "12.3 s"],
    [1_500_000, "1.5 ms"],
    [20_000_000, "20 ms"],
    [1_500, "1.5 µs"],
    [20_000, "20 µs"],
  ];
  for (const [durationNs, text] of durations) assert.equal(duration(durationNs), text);
});

test("the page says what, where, when and how", () => {
  const data = smallData();
  assert.equal(title(data), "CPU time of process 42");
  assert.match(circumstances(data), /^box · 18 November 2026/);
  assert.equal(measurement(data), "10 samples · 99 Hz on 2 CPUs for 10.0 s");
  const offCpu = smallData({ mode: "off-cpu" });
  assert.equal(title(offCpu), "Off-CPU time of process 42");
  assert.equal(measurement(offCpu), "10 waits in 10.0 s");
});

test("it says what was lost, by reason", () => {
  assert.deepEqual(loss(smallData()), { count: 0, text: "0 lost" });
  assert.deepEqual(loss(smallData({ lost: { "stacks-full": 1200, exited: 0, truncated: 3 } })), {
    count: 1203,
    text: "1,203 lost (stacks-full 1,200, truncated 3)",
  });
});

test("frames have a color by where their code comes from", () => {
  assert.equal(frameCategory("do_syscall_64", "kernel"), "kernel");
  assert.equal(frameCategory("clock_gettime", "vdso"), "kernel");
  assert.equal(frameCategory("memcpy", "native"), "native");
  assert.equal(frameCategory("v8::Isolate::New()", "native"), "qualified");
  assert.equal(frameCategory("JS:*f /a.js", "jit"), "jit");
  assert.equal(frameCategory("libc.so.6+0x12", "unnamed"), "unnamed");
});
