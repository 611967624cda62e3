import { at, type CallTree } from "./call-tree.ts";

/** What a search found. */
export interface SearchResult {
  /** 1 for every label that matches. */
  readonly labels: Uint8Array;
  /** 1 for every node with a match in its subtree, itself included. */
  readonly subtrees: Uint8Array;
}

/** Finds the text in names and modules of functions, whatever its case. */
export function search(tree: CallTree, text: string): SearchResult {
  const needle = text.toLowerCase();
  // Each function is compared once, not each of its nodes.
  const labels = Uint8Array.from(tree.labels, ({ name, module, category }) => {
    const isFunction = category !== "root" && category !== "process";
    return isFunction && (name.toLowerCase().includes(needle) || module.toLowerCase().includes(needle)) ? 1 : 0;
  });
  const subtrees = new Uint8Array(tree.size);
  for (let node = tree.size - 1; node >= 0; node--) {
    if (at(labels, at(tree.labelOf, node)) === 1) subtrees[node] = 1;
    const parent = at(tree.parent, node);
    if (parent >= 0 && at(subtrees, node) === 1) subtrees[parent] = 1;
  }
  return { labels, subtrees };
}

/** The value of all stacks below `base` that hold a match; each counts once, however many it holds. */
export function matchedValue(tree: CallTree, { labels }: SearchResult, base: number): number {
  let value = 0;
  const end = at(tree.end, base);
  for (let node = base; node < end; ) {
    const isMatch = at(labels, at(tree.labelOf, node)) === 1;
    if (isMatch) value += at(tree.total, node);
    node = isMatch ? at(tree.end, node) : node + 1;
  }
  return value;
}
