/** A table among others, one below the other. */
export interface Section {
  /** How many rows there are. */
  readonly count: number;
  /** Its share of the rows that all of them get, compared with others. */
  readonly weight: number;
  /** What each of its rows is, in words. */
  readonly what: string;
  /**
   * The lines of the first so many rows, with all that belongs to it: titles, and one that says how many rows are left out,
   * where there are more.
   */
  readonly lines: (rows: number) => readonly string[];
  /** How many lines there are beside the rows and that one, an empty one before it included. */
  readonly around: number;
}

/** Fewest rows that a table is shown with. */
const LEAST_ROWS = 1;

/**
 * How many rows of each table to show on so many lines: of those that come first some at least, as long as there is room, and
 * of each as many as its weight says. 0 for those that there is no room for.
 */
export function fitSections(sections: readonly Section[], lines: number): number[] {
  let left = lines;
  const shown = sections.map(({ count, around }) => {
    const least = Math.min(count, LEAST_ROWS);
    const taken = count === 0 ? 0 : around + least + moreLine(count, least);
    if (taken === 0 || taken > left) return 0;
    left -= taken;
    return least;
  });
  for (;;) {
    const next = mostWanting(sections, shown);
    if (next === undefined) return shown;
    const { count } = sections[next] ?? { count: 0 };
    const before = shown[next] ?? 0;
    // With the last row goes the line that says how many are left out.
    const cost = 1 + moreLine(count, before + 1) - moreLine(count, before);
    if (cost > left) return shown;
    left -= cost;
    shown[next] = before + 1;
  }
}

function moreLine(count: number, shown: number): number {
  return count > shown ? 1 : 0;
}

/** Of the tables that have more rows than are shown, the one that has got the least by its weight. */
function mostWanting(sections: readonly Section[], shown: readonly number[]): number | undefined {
  let best: number | undefined;
  let leastShare = Number.POSITIVE_INFINITY;
  for (const [index, { count, weight }] of sections.entries()) {
    const rows = shown[index] ?? 0;
    if (rows === 0 || rows >= count) continue;
    if (rows / weight < leastShare) {
      best = index;
      leastShare = rows / weight;
    }
  }
  return best;
}
