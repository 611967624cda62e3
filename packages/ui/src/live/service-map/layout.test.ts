import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type LayoutLink, type LayoutSizes, layoutMap } from "./layout.ts";
import { neighbourOf, pathOf } from "./paths.ts";

const SIZES: LayoutSizes = {
  widthPx: 800,
  leastNodeWidthPx: 100,
  mostNodeWidthPx: 160,
  nodeHeightPx: 40,
  gapPx: 10,
  columnGapsPx: [200, 100, 40],
};

const link = (from: string, to: string): LayoutLink => ({ id: `${from}>${to}`, from, to });

test("lines lead to the right, callers stand before whom they call", () => {
  const links = [link("a", "b"), link("b", "c"), link("a", "c"), link("late", "c")];
  const layout = layoutMap({ nodes: ["a", "b", "c", "late"], links }, SIZES);
  assert.deepEqual(
    layout.columns.map((column) => column.toSorted()),
    [["a"], ["b", "late"], ["c"]],
  );
  assert.deepEqual([layout.nodeWidthPx, layout.widthPx], [160, 800]);
  for (const [id, points] of layout.links) {
    assert.ok((points.at(0)?.x ?? 0) < (points.at(-1)?.x ?? 0), id);
  }
  // Past b there is a straight piece.
  assert.equal(layout.links.get("a>c")?.length, 4);
  assert.equal(layout.links.get("a>b")?.length, 2);
});

test("what closes a circle leads to the left", () => {
  const layout = layoutMap({ nodes: ["a", "b"], links: [link("a", "b"), link("b", "a"), link("a", "a")] }, SIZES);
  assert.deepEqual(layout.columns, [["a"], ["b"]]);
  const [begin, end] = layout.links.get("b>a") ?? [];
  assert.ok((begin?.x ?? 0) > (end?.x ?? 0));
  // Not over each other.
  assert.notEqual(layout.links.get("a>b")?.[0]?.y, end?.y);
  assert.equal(layout.links.has("a>a"), false);
});

test("one box, or none", () => {
  const one = layoutMap({ nodes: ["a"], links: [] }, SIZES);
  assert.deepEqual([...one.nodes], [["a", { x: 0, y: 0 }]]);
  assert.deepEqual([one.widthPx, one.heightPx], [160, 40]);
  assert.deepEqual(layoutMap({ nodes: [], links: [] }, SIZES).columns, []);
});

test("columns move together, then boxes shrink, then it is wider than there is room", () => {
  const chain = (length: number) => {
    const nodes = Array.from({ length }, (_, index) => String(index));
    const { widthPx, nodeWidthPx } = layoutMap(
      { nodes, links: nodes.slice(1).map((to, index) => link(String(index), to)) },
      SIZES,
    );
    return [nodeWidthPx, widthPx];
  };
  assert.deepEqual(
    [chain(2), chain(4), chain(6), chain(10)],
    [
      [160, 520],
      [125, 800],
      [100, 800],
      [100, 1360],
    ],
  );
});

const graphs = fc.record({
  size: fc.integer({ min: 1, max: 40 }),
  pairs: fc.array(fc.tuple(fc.nat(39), fc.nat(39)), { maxLength: 90 }),
});

test("whatever the graph, boxes stand apart and within, and every line begins and ends at its boxes", () => {
  fc.assert(
    fc.property(graphs, ({ size, pairs }) => {
      const nodes = Array.from({ length: size }, (_, index) => `n${index}`);
      const ends = [...new Set(pairs.map(([a, b]) => `n${a % size}>n${b % size}`))];
      const links = ends.map((id) => link(id.split(">")[0] ?? "", id.split(">")[1] ?? ""));
      const layout = layoutMap({ nodes, links }, SIZES);
      assert.deepEqual(layout.columns.flat().sort(), nodes.toSorted());
      for (const column of layout.columns) {
        const tops = column.map((id) => layout.nodes.get(id)?.y ?? Number.NaN);
        for (const [index, top] of tops.entries()) {
          assert.ok(top >= -0.001 && top + SIZES.nodeHeightPx <= layout.heightPx + 0.001);
          assert.ok(index === 0 || top >= (tops[index - 1] ?? 0) + SIZES.nodeHeightPx + SIZES.gapPx - 0.001);
        }
      }
      for (const { id, from, to } of links) {
        const points = layout.links.get(id) ?? [];
        if (from === to) continue;
        for (const [name, point] of [
          [from, points.at(0)],
          [to, points.at(-1)],
        ] as const) {
          const corner = layout.nodes.get(name);
          assert.ok(corner && point);
          assert.ok(point.x === corner.x || Math.abs(point.x - corner.x - layout.nodeWidthPx) < 0.001);
          assert.ok(point.y >= corner.y && point.y <= corner.y + SIZES.nodeHeightPx);
        }
        assert.doesNotMatch(pathOf(points), /NaN|undefined/);
      }
      assert.deepEqual(layoutMap({ nodes, links }, SIZES), layout);
    }),
    { numRuns: 60 },
  );
});

test("the arrow keys walk through a column, and to the nearest box of the next one", () => {
  const links = [link("a", "b"), link("a", "c"), link("b", "d"), link("c", "e")];
  const layout = layoutMap({ nodes: ["a", "b", "c", "d", "e"], links }, SIZES);
  const walk = (id: string, key: string) => neighbourOf(layout, id, key);
  assert.deepEqual([walk("b", "ArrowDown"), walk("c", "ArrowUp"), walk("c", "ArrowDown")], ["c", "b", undefined]);
  assert.deepEqual([walk("c", "ArrowLeft"), walk("b", "ArrowRight"), walk("c", "ArrowRight")], ["a", "d", "e"]);
  assert.deepEqual([walk("a", "ArrowLeft"), walk("a", "x")], [undefined, undefined]);
});
