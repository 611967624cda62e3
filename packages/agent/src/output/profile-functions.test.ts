import assert from "node:assert/strict";
import { test } from "node:test";
import { smallReport } from "../testing/small-report.ts";
import { syntheticReport } from "../testing/synthetic-report.ts";
import { profileFunctions } from "./profile-functions.ts";

const rows = (report: Parameters<typeof profileFunctions>[0]) =>
  profileFunctions(report).map(({ name, module, process, pid, self, total }) =>
    [name, module, process, pid, self, total].join(" | "),
  );

test("self is where the stack ends, total counts a recursive function once", () => {
  assert.deepEqual(rows(smallReport()), [
    "Tree::walk(Node const*) | app | api | 42 | 3 | 5",
    "copy_user_generic | [kernel] | sh | 7 | 2 | 2",
    "memcpy | libc.so.6 | api | 42 | 2 | 2",
    "JS:*sum /srv/sum.js:7:1 | [jit] | api | 42 | 1 | 1",
    "[no stack] |  | sh | 7 | 1 | 1",
    "app+0x6001 | app | api | 42 | 1 | 1",
    "main | app | api | 42 | 0 | 6",
    "memcpy | libc.so.6 | sh | 7 | 0 | 2",
  ]);
});

test("off-CPU the numbers are nanoseconds", () => {
  assert.deepEqual(rows(smallReport({ mode: "off-cpu" })).slice(0, 2), [
    "Tree::walk(Node const*) | app | api | 42 | 60000000 | 100000000",
    "copy_user_generic | [kernel] | sh | 7 | 40000000 | 40000000",
  ]);
});

test("the self values add up to the samples", () => {
  const report = syntheticReport();
  const functions = profileFunctions(report);
  assert.equal(
    functions.reduce((sum, { self }) => sum + self, 0),
    report.sampleCount,
  );
  for (const { name, self, total } of functions) assert.ok(self <= total && total <= report.sampleCount, name);
});

test("two images of one process under one name are one process", () => {
  const { samples, ...report } = smallReport();
  const again = samples.map((sample) => ({ ...sample, process: { ...sample.process } }));
  assert.deepEqual(
    rows({ ...report, samples: [...samples, ...again] })[0],
    "Tree::walk(Node const*) | app | api | 42 | 6 | 10",
  );
});

test("a report without the values its mode needs is refused", () => {
  const report = smallReport({ sampleTypes: [{ type: "alloc_space", unit: "bytes" }] });
  assert.throws(() => profileFunctions(report), new RangeError("the profile has no values in count"));
});
