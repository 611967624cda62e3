import assert from "node:assert/strict";
import { test } from "node:test";
import { smallReport } from "../testing/small-report.ts";
import { syntheticReport } from "../testing/synthetic-report.ts";
import { encodeSpeedscope } from "./speedscope.ts";

test("one sampled profile per process, the heaviest first, stacks from the root", () => {
  assert.deepEqual(JSON.parse(encodeSpeedscope(smallReport({ subject: "process 42" }))), {
    $schema: "https://www.speedscope.app/file-format-schema.json",
    name: "CPU profile of process 42",
    exporter: "skep",
    activeProfileIndex: 0,
    shared: {
      frames: [
        { name: "Tree::walk(Node const*)", file: "/opt/app/bin/app" },
        { name: "main", file: "/opt/app/bin/app" },
        { name: "memcpy", file: "/usr/lib/libc.so.6" },
        { name: "JS:*sum /srv/sum.js:7:1", file: "/srv/sum.js", line: 7 },
        { name: "app+0x6001", file: "/opt/app/bin/app" },
        { name: "copy_user_generic", file: "[kernel.kallsyms]" },
      ],
    },
    profiles: [
      {
        type: "sampled",
        name: "api (42)",
        unit: "none",
        startValue: 0,
        endValue: 7,
        samples: [[1, 0, 0], [1, 0, 2], [1, 3], [4]],
        weights: [3, 2, 1, 1],
      },
      {
        type: "sampled",
        name: "sh (7)",
        unit: "none",
        startValue: 0,
        endValue: 3,
        samples: [[2, 5], []],
        weights: [2, 1],
      },
    ],
  });
});

test("off-CPU the weights are nanoseconds", () => {
  const { name, profiles } = JSON.parse(encodeSpeedscope(smallReport({ mode: "off-cpu" })));
  assert.equal(name, "Off-CPU profile of the whole machine");
  assert.deepEqual(profiles[1].weights, [40_000_000, 20_000_000]);
  assert.deepEqual(profiles[1].unit, "nanoseconds");
});

test("every index is in range and every weight is kept", () => {
  const { shared, profiles } = JSON.parse(encodeSpeedscope(syntheticReport()));
  let sum = 0;
  for (const { samples, weights, endValue } of profiles) {
    assert.equal(samples.length, weights.length);
    assert.equal(
      weights.reduce((total: number, weight: number) => total + weight, 0),
      endValue,
    );
    for (const frame of samples.flat()) assert.ok(frame >= 0 && frame < shared.frames.length);
    sum += endValue;
  }
  assert.equal(sum, 1204);
});
