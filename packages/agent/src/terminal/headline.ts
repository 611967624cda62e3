import { wrapText } from "../cli/wrap-text.ts";
import { cutMiddle, displayWidth, printable } from "../output/text.ts";

/** Fewest columns that are left of the subject before the numbers go on a line of their own. */
const LEAST_SUBJECT = 12;

/**
 * What a table begins with, on one line where it fits: `System calls of make -j4 for 10.0 s: 1,234 calls, 0 lost`.
 *
 * @param subject which processes, in words; undefined for every one. It is cut when the line would be too long.
 */
export function headline(
  what: string,
  subject: string | undefined,
  durationNs: number,
  numbers: readonly string[],
  columns: number,
): string[] {
  const whom = subject === undefined ? "" : ` of ${printable(subject)}`;
  const time = ` for ${(durationNs / 1e9).toFixed(1)} s:`;
  const end = `${time} ${numbers.join(", ")}`;
  const room = columns - displayWidth(what + end);
  if (room >= Math.min(displayWidth(whom), LEAST_SUBJECT)) return [what + cutMiddle(whom, room) + end];
  return [what + cutMiddle(whom, columns - displayWidth(what + time)) + time, ...wrapText(numbers.join(", "), columns)];
}
