import { printable } from "../output/text.ts";
import { formatCount } from "./numbers.ts";
import { type Reasons, sumOfReasons } from "./reasons.ts";

/** How many calls failed; nothing stands for none. */
export function formatErrorCount(errors: Reasons): string {
  const count = sumOfReasons(errors);
  return count === 0 ? "" : formatCount(count);
}

/** The error that most of them failed with. */
export function mostFrequent(errors: Reasons): string {
  const [most] = Object.entries(errors).sort(([, a], [, b]) => b - a);
  return most === undefined ? "" : printable(most[0]);
}
