import { printable } from "./text.ts";

/** What a tracer's reason means, as the end of a sentence that starts with a number of samples. */
const meanings: Readonly<Record<string, string>> = {
  truncated: "deeper than 127 frames",
  exited: "of processes that exited before they could be looked up",
  blockedBeforeStart: "blocked since before the start, so where in the program is not known",
  childrenNotFollowed: "children not followed, for lack of room",
};

/** Lines on what counts though a part of it is missing; none where all is whole. */
export function incompleteLines(incomplete: Readonly<Record<string, number>>): string[] {
  return Object.entries(incomplete)
    .filter(([, count]) => count > 0)
    .map(([reason, count]) => `${count.toLocaleString("en-US")} ${meanings[reason] ?? printable(reason)}`);
}
