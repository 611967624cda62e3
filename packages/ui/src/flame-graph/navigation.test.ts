import assert from "node:assert/strict";
import { test } from "node:test";
import { smallData } from "../testing/small-data.ts";
import { CallTree, ROOT } from "./call-tree.ts";
import { focusOn, layoutBoxes } from "./layout.ts";
import { type Direction, neighbour } from "./navigation.ts";

const tree = new CallTree(smallData());
const boxes = layoutBoxes(tree, ROOT, focusOn(ROOT), 1000);

function go(from: number, ...directions: readonly Direction[]): number | undefined {
  let box = boxes.find(({ node }) => node === from);
  for (const direction of directions) box = box && neighbour(boxes, box, direction);
  return box?.node;
}

test("arrow keys move to the parent, the heaviest child and the neighbours in the row", () => {
  assert.equal(go(ROOT, "away-from-root"), 1);
  assert.equal(go(1, "right"), 6);
  assert.equal(go(6, "left"), 1);
  assert.equal(go(3, "away-from-root"), 4);
  assert.equal(go(5, "towards-root"), 3);
  assert.equal(go(8, "towards-root", "towards-root", "towards-root"), ROOT);
  assert.equal(go(2, "right"), 7);
});

test("at an edge there is nowhere to go", () => {
  assert.equal(go(ROOT, "towards-root"), undefined);
  assert.equal(go(ROOT, "left"), undefined);
  assert.equal(go(ROOT, "right"), undefined);
  assert.equal(go(8, "away-from-root"), undefined);
});
