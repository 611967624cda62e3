import type { ComponentChildren } from "preact";
import { useMemo, useState } from "preact/hooks";
import { count } from "./format.ts";
import { nextSorting, type Sorting, sorted } from "./sorting.ts";

export interface Column<Row> {
  readonly key: string;
  readonly title: string;
  /** What the title doesn't say. */
  readonly hint?: string;
  readonly text: (row: Row) => ComponentChildren;
  /** What it is sorted by; a column without cannot be sorted by. */
  readonly sortBy?: (row: Row) => number | string;
  /** Text stands left, numbers right. */
  readonly isText?: boolean;
  /** Takes the width that the others leave, and is cut. */
  readonly isWide?: boolean;
}

export interface DataTableProps<Row> {
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  readonly initial: Sorting;
  readonly empty: string;
  readonly selectedKey?: string | undefined;
  readonly onSelect?: (row: Row) => void;
  /** More rows are not drawn; what is left out is said below. Default: 200. */
  readonly maximumRows?: number;
}

/** A table that is sorted by a click on a title, and whose rows may be chosen. */
export function DataTable<Row>(props: DataTableProps<Row>) {
  const { label, columns, rows, keyOf, initial, empty, selectedKey, onSelect, maximumRows = 200 } = props;
  const [sorting, setSorting] = useState(initial);
  const ordered = useMemo(
    () => sorted(rows, columns.find(({ key }) => key === sorting.column)?.sortBy, sorting.descending),
    [rows, columns, sorting],
  );
  const shown = ordered.slice(0, maximumRows);
  return (
    <div class="table-frame">
      <table aria-label={label}>
        <thead>
          <tr>
            {columns.map((column) => (
              <Title
                key={column.key}
                column={column}
                sorting={sorting}
                onSort={() => setSorting(nextSorting(sorting, column.key, column.isText === true))}
              />
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map((row) => {
            const key = keyOf(row);
            return (
              <tr
                key={key}
                class={onSelect && "selectable"}
                aria-selected={selectedKey === undefined ? undefined : key === selectedKey}
                tabIndex={onSelect && 0}
                onClick={onSelect && (() => onSelect(row))}
                onKeyDown={
                  onSelect &&
                  ((event) => {
                    if (event.key === "Enter" || event.key === " ") {
                      event.preventDefault();
                      onSelect(row);
                    }
                  })
                }
              >
                {columns.map(({ key: name, text, isText, isWide }) => (
                  <td key={name} class={`${isText ? "text" : "number"}${isWide ? " wide" : ""}`}>
                    {text(row)}
                  </td>
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
      {rows.length === 0 && <p class="empty">{empty}</p>}
      {ordered.length > shown.length && (
        <p class="remark">{count(ordered.length - shown.length)} more: sort or filter to see them.</p>
      )}
    </div>
  );
}

function Title<Row>({ column, sorting, onSort }: { column: Column<Row>; sorting: Sorting; onSort: () => void }) {
  const { key, title, hint, sortBy, isText, isWide } = column;
  const isSorted = sorting.column === key;
  const order = isSorted ? (sorting.descending ? "descending" : "ascending") : undefined;
  return (
    <th scope="col" class={`${isText ? "text" : "number"}${isWide ? " wide" : ""}`} aria-sort={order} title={hint}>
      {sortBy === undefined ? (
        title
      ) : (
        <button type="button" onClick={onSort}>
          {title}
          <span class="arrow" aria-hidden="true">
            {isSorted ? (sorting.descending ? "▾" : "▴") : ""}
          </span>
        </button>
      )}
    </th>
  );
}
