import { at, type CallTree } from "./call-tree.ts";

/** What fills the width: a node; or, of a node with very many children, those from `firstChild` on. */
export interface Focus {
  readonly node: number;
  readonly firstChild: number;
}

/** A rectangle of the graph. */
export interface Box {
  /** What shows the same of the tree has the same key in every layout. */
  readonly key: number;
  /** Of a merged box the parent of what is in it. */
  readonly node: number;
  /** Rows count from the root, whichever way up it is drawn. */
  readonly row: number;
  readonly left: number;
  readonly width: number;
  readonly value: number;
  /** An ancestor of the focus: shown in full width, though not all of it is below. */
  readonly isAncestor: boolean;
  /** Siblings too narrow for a box of their own, drawn as one. */
  readonly merged?: { readonly firstChild: number; readonly count: number };
}

/** Narrower boxes can neither be read nor hit. */
export const MIN_BOX_PX = 2;

export function focusOn(node: number): Focus {
  return { node, firstChild: node + 1 };
}

/**
 * The boxes that show `focus` and what it called, below its ancestors from `base` on, in a graph `widthPx` wide.
 *
 * Their number depends on the width alone, not on the tree: siblings below {@link MIN_BOX_PX} become one box, and
 * what is narrower than that even together is left out.
 */
export function layoutBoxes(tree: CallTree, base: number, focus: Focus, widthPx: number): Box[] {
  const boxes: Box[] = [];
  const baseDepth = at(tree.depth, base);
  const rowOf = (node: number) => at(tree.depth, node) - baseDepth;

  for (let node = focus.node; node >= base; node = at(tree.parent, node)) {
    const isAncestor = node !== focus.node;
    boxes.unshift({
      key: node,
      node,
      row: rowOf(node),
      left: 0,
      width: widthPx,
      value: at(tree.total, node),
      isAncestor,
    });
  }

  const focusValue = sumOfChildren(tree, focus) + (isWhole(focus) ? at(tree.self, focus.node) : 0);
  const pxPerValue = focusValue === 0 ? 0 : widthPx / focusValue;
  const pending: { readonly node: number; readonly firstChild: number; readonly left: number }[] = [
    { ...focus, left: 0 },
  ];
  for (let parent = pending.pop(); parent !== undefined; parent = pending.pop()) {
    const row = rowOf(parent.node) + 1;
    let { left } = parent;
    for (const child of tree.children(parent.node, parent.firstChild)) {
      const value = at(tree.total, child);
      const width = value * pxPerValue;
      if (width < MIN_BOX_PX) {
        const rest = mergedBox(tree, parent.node, child, row, left, pxPerValue);
        if (rest.width >= MIN_BOX_PX) boxes.push(rest);
        break;
      }
      boxes.push({ key: child, node: child, row, left, width, value, isAncestor: false });
      pending.push({ node: child, firstChild: child + 1, left });
      left += width;
    }
  }
  return boxes;
}

function isWhole({ node, firstChild }: Focus): boolean {
  return firstChild === node + 1;
}

function sumOfChildren(tree: CallTree, { node, firstChild }: Focus): number {
  let sum = 0;
  for (const child of tree.children(node, firstChild)) sum += at(tree.total, child);
  return sum;
}

/** Siblings come heavier first: after the first that is too narrow all are. */
function mergedBox(
  tree: CallTree,
  parent: number,
  firstChild: number,
  row: number,
  left: number,
  pxPerValue: number,
): Box {
  let value = 0;
  let count = 0;
  for (const child of tree.children(parent, firstChild)) {
    value += at(tree.total, child);
    count++;
  }
  return {
    key: -firstChild,
    node: parent,
    row,
    left,
    width: value * pxPerValue,
    value,
    isAncestor: false,
    merged: { firstChild, count },
  };
}
