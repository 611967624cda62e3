import assert from "node:assert/strict";
import { test } from "node:test";
import { smallData, wideData } from "../testing/small-data.ts";
import { at, CallTree, ROOT } from "./call-tree.ts";
import { type Box, focusOn, layoutBoxes, MIN_BOX_PX } from "./layout.ts";

const tree = new CallTree(smallData());

/** `row left+width name`; ancestors in brackets, merged boxes with their count. */
function outline(of: CallTree, boxes: readonly Box[]): readonly string[] {
  return boxes
    .toSorted((a, b) => a.row - b.row || a.left - b.left)
    .map(({ row, left, width, node, isAncestor, merged }) => {
      const name = merged === undefined ? of.label(node).name : `${merged.count} merged`;
      return `${row} ${left}+${width} ${isAncestor ? `[${name}]` : name}`;
    });
}

test("widths are shares of the focus, rows are depths", () => {
  assert.deepEqual(outline(tree, layoutBoxes(tree, ROOT, focusOn(ROOT), 1000)), [
    "0 0+1000 all processes",
    "1 0+700 api (42)",
    "1 700+300 sh (7)",
    "2 0+700 main",
    "2 700+200 memcpy",
    "3 0+500 Tree::walk()",
    "3 700+200 copy_user_generic",
    "4 0+300 Tree::walk()",
    "4 300+200 memcpy",
  ]);
});

test("a focus fills the width, below its ancestors", () => {
  assert.deepEqual(outline(tree, layoutBoxes(tree, ROOT, focusOn(3), 1000)), [
    "0 0+1000 [all processes]",
    "1 0+1000 [api (42)]",
    "2 0+1000 [main]",
    "3 0+1000 Tree::walk()",
    "4 0+600 Tree::walk()",
    "4 600+400 memcpy",
  ]);
});

test("one process alone has its own rows", () => {
  assert.deepEqual(outline(tree, layoutBoxes(tree, 6, focusOn(6), 300)), [
    "0 0+300 sh (7)",
    "1 0+200 memcpy",
    "2 0+200 copy_user_generic",
  ]);
});

test("what is too narrow for a box of its own is merged, and can be focused", () => {
  const wide = new CallTree(wideData(2000));
  const boxes = layoutBoxes(wide, ROOT, focusOn(ROOT), 1500);
  // 1000 functions of a pixel each and 1000 of half a pixel.
  assert.deepEqual(outline(wide, boxes), ["0 0+1500 all processes", "1 0+1500 api (42)", "2 0+1500 2000 merged"]);

  const [merged] = boxes.filter((box) => box.merged !== undefined);
  assert.ok(merged?.merged);
  const zoomed = layoutBoxes(wide, ROOT, { node: merged.node, firstChild: merged.merged.firstChild }, 6000);
  assert.equal(zoomed.length, 2 + 2000 + 1000);
});

test("a focus on the merged children leaves the others out", () => {
  const boxes = layoutBoxes(tree, ROOT, { node: 3, firstChild: 5 }, 1000);
  assert.deepEqual(outline(tree, boxes).slice(3), ["3 0+1000 Tree::walk()", "4 0+1000 memcpy"]);
});

test("boxes lie within their parents, and no row has more of them than pixels allow", () => {
  const wide = new CallTree(wideData(5000));
  for (const widthPx of [1, 100, 1400, 20_000]) {
    const boxes = layoutBoxes(wide, ROOT, focusOn(ROOT), widthPx);
    const keys = new Set(boxes.map(({ key }) => key));
    assert.equal(keys.size, boxes.length);
    for (const row of new Set(boxes.map((box) => box.row))) {
      const inRow = boxes.filter((box) => box.row === row).toSorted((a, b) => a.left - b.left);
      assert.ok(inRow.length <= widthPx / MIN_BOX_PX + 1);
      for (const [index, { left, width }] of inRow.entries()) {
        assert.ok(left + width <= (inRow[index + 1]?.left ?? widthPx) + 1e-6);
      }
    }
  }
});

test("a tree without samples is one box", () => {
  const empty = new CallTree(smallData({ processes: [] }));
  assert.equal(at(empty.total, ROOT), 0);
  assert.deepEqual(outline(empty, layoutBoxes(empty, ROOT, focusOn(ROOT), 800)), ["0 0+800 all processes"]);
});
