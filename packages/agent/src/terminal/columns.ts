import { cutMiddle, displayWidth, padDisplayEnd, padDisplayStart } from "../output/text.ts";

/** A column of a table for a terminal. */
export interface Column<Row> {
  readonly title: string;
  /** `end` for numbers. */
  readonly align: "start" | "end";
  /** What of a row it shows, fit for a terminal. */
  readonly cell: (row: Row) => string;
  /** Fewest columns of the terminal that it takes. Default: as its widest cell, or its title, needs. */
  readonly least?: number;
  /** Most that it takes; a longer cell is cut. Default: no limit. */
  readonly most?: number;
  /** Takes no more than the others leave; one column of a table at most. */
  readonly yields?: true;
  /** How a cell is cut. Default: in its middle. */
  readonly cut?: (text: string, columns: number) => string;
}

/** Stands between two columns. */
export const GAP = "  ";

/** The lines of a table, its titles first. None is longer than `width` where the columns that don't yield leave room. */
export function layOutTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[], width: number): string[] {
  const texts = columns.map(({ title, cell }) => [title, ...rows.map(cell)]);
  const widths = columns.map(({ least = 0, most = Number.POSITIVE_INFINITY }, index) => {
    const widest = (texts[index] ?? []).reduce((widest, text) => Math.max(widest, displayWidth(text)), least);
    return Math.min(most, widest);
  });
  const yielding = columns.findIndex((column) => column.yields);
  const excess = widths.reduce((sum, columns) => sum + columns, GAP.length * (widths.length - 1)) - width;
  if (yielding >= 0 && excess > 0) widths[yielding] = Math.max(1, (widths[yielding] ?? 0) - excess);

  const lines: string[] = [];
  for (let row = 0; row <= rows.length; row++) {
    const cells = columns.map(({ align, cut = cutMiddle }, index) => {
      const text = cut(texts[index]?.[row] ?? "", widths[index] ?? 0);
      return align === "end" ? padDisplayStart(text, widths[index] ?? 0) : padDisplayEnd(text, widths[index] ?? 0);
    });
    lines.push(cells.join(GAP).trimEnd());
  }
  return lines;
}
