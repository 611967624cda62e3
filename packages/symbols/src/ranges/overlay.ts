import { type RangeTable, RangeTableBuilder } from "./range-table.ts";

/**
 * Both tables as one, where an address that is in both belongs to `newer`: ranges of `older` are cut, split or hidden
 * by what lies over them. Linear in the ranges of both.
 */
export function overlay(older: RangeTable, newer: RangeTable): RangeTable {
  if (older.length === 0) return newer;
  if (newer.length === 0) return older;
  const merged = new RangeTableBuilder(older.length + newer.length);
  let newerIndex = 0;
  const addNewerUpTo = (address: number): void => {
    while (newerIndex < newer.length && startAt(newer, newerIndex) < address) {
      merged.add(startAt(newer, newerIndex), endAt(newer, newerIndex), valueAt(newer, newerIndex));
      newerIndex++;
    }
  };
  for (let olderIndex = 0; olderIndex < older.length; olderIndex++) {
    const end = endAt(older, olderIndex);
    let start = startAt(older, olderIndex);
    addNewerUpTo(start);
    if (newerIndex > 0) start = Math.max(start, endAt(newer, newerIndex - 1));
    while (start < end && newerIndex < newer.length && startAt(newer, newerIndex) < end) {
      const hiddenFrom = startAt(newer, newerIndex);
      merged.add(start, hiddenFrom, valueAt(older, olderIndex));
      start = endAt(newer, newerIndex);
      merged.add(hiddenFrom, start, valueAt(newer, newerIndex));
      newerIndex++;
    }
    merged.add(start, end, valueAt(older, olderIndex));
  }
  addNewerUpTo(Number.POSITIVE_INFINITY);
  return merged.build();
}

function startAt(table: RangeTable, index: number): number {
  return table.starts[index] ?? 0;
}

function endAt(table: RangeTable, index: number): number {
  return (table.starts[index] ?? 0) + (table.sizesBytes[index] ?? 0);
}

function valueAt(table: RangeTable, index: number): number {
  return table.values[index] ?? 0;
}
