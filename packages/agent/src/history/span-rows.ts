import { joinRows, type RowShape, type Rows, rowsIn } from "./rows.ts";

/** Only a count, by two keys that the name of the column tells. */
export type CountRows = Rows<"count">;
export const COUNT_ROWS: CountRows["shape"] = { values: ["count"], weight: "count" };

/** One kind of rows of several spans, within so many bytes. */
export function joined<Name extends string, Key extends string>(
  shape: RowShape<Name>,
  parts: readonly Readonly<Record<Key, Rows<NoInfer<Name>>>>[],
  key: Key,
  tableBytes?: number,
): Rows<Name> {
  return joinRows(
    shape,
    parts.map((part) => part[key]),
    tableBytes === undefined ? undefined : rowsIn(tableBytes, shape),
  );
}

/** Marks what the rows refer to. */
export function mark(rows: Rows<string>, first: Uint8Array, second: Uint8Array | undefined): void {
  for (let row = 0; row < rows.size; row++) {
    first[rows.first[row] ?? 0] = 1;
    if (second !== undefined) second[rows.second[row] ?? 0] = 1;
  }
}
