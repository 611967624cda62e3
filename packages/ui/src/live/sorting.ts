/** What a table is sorted by. */
export interface Sorting {
  readonly column: string;
  readonly descending: boolean;
}

/** Rows in that order; equal ones stay as they were. */
export function sorted<Row>(
  rows: readonly Row[],
  keyOf: ((row: Row) => number | string) | undefined,
  descending: boolean,
): readonly Row[] {
  if (keyOf === undefined) return rows;
  const keyed = rows.map((row) => ({ row, value: keyOf(row) }));
  keyed.sort((a, b) => (descending ? compare(b.value, a.value) : compare(a.value, b.value)));
  return keyed.map(({ row }) => row);
}

/** Another column begins with what one looks for first: the largest numbers, the first letters. */
export function nextSorting(current: Sorting, column: string, isText: boolean): Sorting {
  return current.column === column ? { column, descending: !current.descending } : { column, descending: !isText };
}

function compare(a: number | string, b: number | string): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), "en", { numeric: true });
}
