import type { HeatMap } from "skep/answers";
import { duration } from "./format.ts";

export interface HeatCell {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly column: number;
  readonly row: number;
  readonly count: number;
  /** 0 to 1, by the logarithm of the calls per second: one slow call among a million fast ones is still seen. */
  readonly intensity: number;
}

/** Cells that hold calls, in a picture of that size: time to the right, latency upwards. */
export function layoutCells(map: HeatMap, width: number, height: number): HeatCell[] {
  const [fromMs, toMs] = [map.columns.at(0)?.fromMs ?? 0, map.columns.at(-1)?.toMs ?? 0];
  const rows = map.counts[0]?.length ?? 0;
  if (toMs <= fromMs || rows === 0) return [];
  const rates = map.counts.map((counts, column) => counts.map((value) => value / secondsOf(map, column)));
  const highest = Math.max(...rates.flat());
  const rowHeight = height / rows;
  const cells: HeatCell[] = [];
  for (const [column, range] of map.columns.entries()) {
    const left = ((range.fromMs - fromMs) / (toMs - fromMs)) * width;
    const columnWidth = ((range.toMs - range.fromMs) / (toMs - fromMs)) * width;
    for (const [row, count] of (map.counts[column] ?? []).entries()) {
      if (count === 0) continue;
      const rate = rates[column]?.[row] ?? 0;
      cells.push({
        left,
        top: height - (row + 1) * rowHeight,
        width: columnWidth,
        height: rowHeight,
        column,
        row,
        count,
        intensity: logarithmic(rate, highest),
      });
    }
  }
  return cells;
}

/** From 0.12, so that what is there is seen, for a millionth of the highest or less, to 1. */
function logarithmic(rate: number, highest: number): number {
  return Math.max(0.12, 1 + Math.log10(rate / highest) / 6);
}

function secondsOf({ columns }: HeatMap, column: number): number {
  const range = columns[column];
  return range === undefined ? 1 : Math.max(0.001, (range.toMs - range.fromMs) / 1000);
}

/** Lower bound of the row's bucket. */
export function rowStartNs({ lowestBucket }: HeatMap, row: number): number {
  return 2 ** (lowestBucket + row);
}

/** `4.1 µs to 8.2 µs` */
export function rowText(map: HeatMap, row: number): string {
  const from = rowStartNs(map, row);
  return `${duration(from)} to ${duration(from * 2)}`;
}

/** Rows that get a label, so that no two of them touch. */
export function labelledRows(map: HeatMap, height: number, minimumGap: number): number[] {
  const rows = map.counts[0]?.length ?? 0;
  const step = Math.max(1, Math.ceil(minimumGap / (height / Math.max(1, rows))));
  return Array.from({ length: Math.ceil(rows / step) }, (_, index) => index * step);
}
