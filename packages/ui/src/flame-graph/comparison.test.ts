import assert from "node:assert/strict";
import { test } from "node:test";
import { smallData } from "../testing/small-data.ts";
import { CallTree } from "./call-tree.ts";
import { changeText, comparisonOf, deltaStep } from "./comparison.ts";

/** The small profile of 10 s, compared with 5 s that were the same, but for `sh`, which did not run. */
function comparedTree(): CallTree {
  const data = smallData();
  const [first, second] = data.processes;
  assert.ok(first && second);
  return new CallTree({
    ...data,
    baseline: { startedAtMs: 0, durationNs: data.durationNs / 2, sampleCount: 4 },
    processes: [{ ...first, baseline: [0, 1, 0, 1.5, 1] }, second],
  });
}

test("the baseline counts as if it had been as long", () => {
  const tree = comparedTree();
  assert.deepEqual(comparisonOf(tree, 0), { before: 7, now: 10 });
  assert.deepEqual(comparisonOf(tree, 1), { before: 7, now: 7 });
  assert.deepEqual(comparisonOf(tree, 6), { before: 0, now: 3 });
  assert.equal(comparisonOf(new CallTree(smallData()), 0), undefined);
});

test("changes have words and colors", () => {
  const cases: readonly (readonly [before: number, now: number, text: string, step: number])[] = [
    [0, 0, "the same", 0],
    [10, 10, "the same", 0],
    [0, 5, "new", 4],
    [5, 0, "gone", -4],
    [10, 15, "+50%", 1],
    [10, 5, "−50%", -1],
    [1, 100, "+9,900%", 4],
    [100, 101, "+1%", 0],
  ];
  for (const [before, now, text, step] of cases) {
    assert.equal(changeText({ before, now }), text);
    assert.equal(deltaStep({ before, now }), step, text);
  }
});
