/** What a table for a terminal may take. */
export interface TableSize {
  /** Longest line. */
  readonly columns: number;
  /** Most lines. */
  readonly rows: number;
}

/** Smaller terminals get tables of this size: there is no sense in less. */
const LEAST: TableSize = { columns: 60, rows: 12 };

interface Stream {
  readonly columns?: number;
  readonly rows?: number;
}

/** For a table that stays, with its first line still to be seen above the prompt. */
export function finalTableSize({ columns = 80, rows = 48 }: Stream): TableSize {
  return { columns: Math.max(LEAST.columns, columns), rows: Math.max(LEAST.rows, rows - 3) };
}

/** For a table that is refreshed, with an empty line and one on the state of things below it. */
export function liveTableSize({ columns = 80, rows = 24 }: Stream): TableSize {
  return { columns: Math.max(LEAST.columns, columns), rows: Math.max(LEAST.rows, rows - 2) };
}
