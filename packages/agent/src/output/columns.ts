import { cutMiddle, displayWidth, padDisplayEnd } from "./text.ts";

/** A column of a table for a terminal. */
export interface Column {
  readonly title: string;
  /** `end` for numbers. */
  readonly align: "start" | "end";
  /** Fewest columns of the terminal that it takes. Default: as its widest cell, or its title, needs. */
  readonly least?: number;
  /** Most that it takes; a longer cell is cut. Default: no limit. */
  readonly most?: number;
  /** Takes no more than the others leave; one column of a table at most. */
  readonly yields?: true;
  /** How a cell is cut. Default: in its middle. */
  readonly cut?: (text: string, columns: number) => string;
}

const GAP = "  ";

/**
 * The lines of a table, its titles first. None is longer than `width` where the columns that don't yield leave room.
 *
 * @param rows printable texts, one for each column
 */
export function layOutTable(columns: readonly Column[], rows: readonly (readonly string[])[], width: number): string[] {
  const widths = columns.map(({ title, least = 0, most = Number.POSITIVE_INFINITY }, index) => {
    const widest = rows.reduce((widest, row) => Math.max(widest, displayWidth(row[index] ?? "")), displayWidth(title));
    return Math.min(most, Math.max(least, widest));
  });
  const yielding = columns.findIndex((column) => column.yields);
  if (yielding >= 0) {
    const excess = lineWidth(widths) - width;
    if (excess > 0) widths[yielding] = Math.max(1, (widths[yielding] ?? 0) - excess);
  }
  return [columns.map(({ title }) => title), ...rows].map((cells) =>
    columns
      .map(({ align, cut = cutMiddle }, index) => {
        const columnWidth = widths[index] ?? 0;
        const text = cut(cells[index] ?? "", columnWidth);
        return align === "end" ? padDisplayStart(text, columnWidth) : padDisplayEnd(text, columnWidth);
      })
      .join(GAP)
      .trimEnd(),
  );
}

/** What a line of columns that are so wide takes. */
export function lineWidth(widths: readonly number[]): number {
  return widths.reduce((sum, columns) => sum + columns, GAP.length * (widths.length - 1));
}

function padDisplayStart(text: string, columns: number): string {
  return " ".repeat(Math.max(0, columns - displayWidth(text))) + text;
}
