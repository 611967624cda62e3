import assert from "node:assert/strict";
import { test } from "node:test";
import { smallData } from "../testing/small-data.ts";
import { at, CallTree, ROOT } from "./call-tree.ts";

const tree = new CallTree(smallData());

test("the tree is root, processes and frames, with their sums", () => {
  const rows = Array.from({ length: tree.size }, (_, node) => {
    const { name, category } = tree.label(node);
    const columns = [tree.parent, tree.depth, tree.end, tree.self, tree.total].map((column) => column[node]);
    return [node, ...columns, name, category].join(" ");
  });
  assert.deepEqual(rows, [
    "0 -1 0 9 0 10 all processes root",
    "1 0 1 6 0 7 api (42) process",
    "2 1 2 6 2 7 main native",
    "3 2 3 6 0 5 Tree::walk() qualified",
    "4 3 4 5 3 3 Tree::walk() qualified",
    "5 3 4 6 2 2 memcpy native",
    "6 0 1 9 1 3 sh (7) process",
    "7 6 2 9 0 2 memcpy native",
    "8 7 3 9 2 2 copy_user_generic kernel",
  ]);
});

test("a profile without samples is a root alone", () => {
  const empty = new CallTree(smallData({ processes: [], names: [], modules: [], kinds: [], frames: [] }));
  assert.equal(empty.size, 1);
  assert.equal(empty.label(ROOT).name, "all processes");
  assert.deepEqual([...empty.children(ROOT)], []);
});

test("children are those of one level", () => {
  assert.deepEqual([...tree.children(ROOT)], [1, 6]);
});

test("a node that is not there is an error", () => {
  assert.throws(() => tree.label(99), new RangeError("the tree has no node 99"));
  assert.throws(() => at(tree.total, -1), new RangeError("no element -1 in a column of 9"));
});
