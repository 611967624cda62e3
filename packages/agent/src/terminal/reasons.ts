import { printable } from "../output/text.ts";
import { formatCount } from "./numbers.ts";

/** Counts by reason: of what was lost, or of what is incomplete. */
export type Reasons = Readonly<Record<string, number>>;

export function sumOfReasons(reasons: Reasons): number {
  return Object.values(reasons).reduce((sum, count) => sum + count, 0);
}

export function addReasons<Reason extends string>(
  sum: Readonly<Record<Reason, number>>,
  next: Readonly<Record<Reason, number>>,
): Readonly<Record<Reason, number>> {
  const added: Record<Reason, number> = { ...sum };
  for (const reason of Object.keys(next) as Reason[]) added[reason] = (added[reason] ?? 0) + next[reason];
  return added;
}

/** `lost: stacks-full 1,200, truncated 3`; no line where nothing was. */
export function lostLines(lost: Reasons): string[] {
  const reasons = Object.entries(lost).filter(([, count]) => count > 0);
  if (reasons.length === 0) return [];
  return [`lost: ${reasons.map(([reason, count]) => `${printable(reason)} ${formatCount(count)}`).join(", ")}`];
}

/**
 * An empty line, a heading and a line for each reason on what counts though a part of it is missing; none where all is
 * whole.
 *
 * @param meanings of each reason: the end of a sentence that starts with a number
 */
export function incompleteLines(incomplete: Reasons, meanings: Readonly<Record<string, string>>): string[] {
  const reasons = Object.entries(incomplete).filter(([, count]) => count > 0);
  if (reasons.length === 0) return [];
  return [
    "",
    "incomplete:",
    ...reasons.map(([reason, count]) => `  ${formatCount(count)} ${meanings[reason] ?? printable(reason)}`),
  ];
}
