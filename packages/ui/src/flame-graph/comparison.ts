import { at, type CallTree, ROOT } from "./call-tree.ts";

/** Steps of color on either side of "the same". */
export const DELTA_STEPS = 4;

/** A node's share of the CPU time, or of the time off it, in each of two spans: as if both were equally long. */
export interface Comparison {
  readonly before: number;
  readonly now: number;
}

/** Undefined where nothing is compared. */
export function comparisonOf(tree: CallTree, node: number): Comparison | undefined {
  if (tree.baselineTotal === undefined) return undefined;
  const before = at(tree.baselineTotal, node);
  return { before, now: at(tree.total, node) - before };
}

/**
 * How much a node grew, from -4 (it is gone) over 0 (the same, within an eighth) to 4 (it is new). Both spans count as
 * equally long, so that a machine that is busier on the whole shows as growth everywhere.
 */
export function deltaStep({ before, now }: Comparison): number {
  const both = before + now;
  return both === 0 ? 0 : Math.round(((now - before) / both) * DELTA_STEPS);
}

/** `+12%`, `new`, `gone`, `the same`. */
export function changeText({ before, now }: Comparison): string {
  if (before === 0) return now === 0 ? "the same" : "new";
  if (now === 0) return "gone";
  const percent = Math.round((100 * (now - before)) / before);
  return percent === 0 ? "the same" : `${percent > 0 ? "+" : "−"}${Math.abs(percent).toLocaleString("en-US")}%`;
}

/** The two wholes that the shares are of. */
export function wholeOf(tree: CallTree): Comparison | undefined {
  return comparisonOf(tree, ROOT);
}
