import assert from "node:assert/strict";
import { test } from "node:test";
import { smallData } from "../testing/small-data.ts";
import { CallTree, ROOT } from "./call-tree.ts";
import { matchedValue, search } from "./search.ts";

const tree = new CallTree(smallData());

test("the matched share counts every stack once", () => {
  const cases: readonly (readonly [string, number])[] = [
    ["walk", 5],
    ["WALK()", 5],
    ["memcpy", 4],
    ["m", 9],
    ["[kernel]", 2],
    ["libc", 4],
    ["api", 0],
    ["(", 5],
    ["nothing like this", 0],
  ];
  for (const [text, value] of cases) assert.equal(matchedValue(tree, search(tree, text), ROOT), value, text);
});

test("it is of the processes shown", () => {
  const found = search(tree, "memcpy");
  assert.equal(matchedValue(tree, found, 1), 2);
  assert.equal(matchedValue(tree, found, 6), 2);
});

test("subtrees that hold a match are known", () => {
  assert.deepEqual([...search(tree, "copy_user").subtrees], [1, 0, 0, 0, 0, 0, 1, 1, 1]);
});
