import { formatCount } from "./numbers.ts";

/** The lines that a table takes beside its rows: an empty one, its titles, and one that says how many rows are left out. */
const LINES_AROUND = 3;

/** Fewest rows that a table is shown with. */
const LEAST_ROWS = 3;

/**
 * How many rows of two tables to show on so many lines: of the second a third, and what the one has no use for goes to
 * the other. A table without rows takes no line.
 */
export function divideRows(lines: number, first: number, second: number): readonly [first: number, second: number] {
  if (second === 0) return [Math.min(first, Math.max(LEAST_ROWS, lines - LINES_AROUND)), 0];
  if (first === 0) return [0, Math.min(second, Math.max(LEAST_ROWS, lines - LINES_AROUND))];
  const rows = lines - 2 * LINES_AROUND;
  const third = Math.max(LEAST_ROWS, Math.floor(rows / 3));
  const ofFirst = Math.min(first, Math.max(LEAST_ROWS, rows - Math.min(second, third)));
  return [ofFirst, Math.min(second, Math.max(LEAST_ROWS, rows - ofFirst))];
}

/** The line below a table that does not show all its rows. */
export function moreLines(all: number, shown: number): string[] {
  return all > shown ? [`and ${formatCount(all - shown)} more`] : [];
}
