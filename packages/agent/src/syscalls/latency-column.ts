import type { SyscallStatistics } from "@skep/tracers/syscalls";
import type { Column } from "../terminal/columns.ts";
import { formatDuration } from "../terminal/numbers.ts";
import { powerRange, sparkline } from "../terminal/sparkline.ts";

/** Fewer bars than this say nothing. */
const LEAST_BARS = 8;
const MOST_BARS = 24;

/**
 * The latencies of each call as bars, on one scale for all. Its title says where that begins and ends, if there is room.
 *
 * @param columns how many there are; undefined is returned where that is too few, and where no call was timed
 */
export function latencyColumn(
  calls: readonly SyscallStatistics[],
  columns: number,
): Column<SyscallStatistics> | undefined {
  const range = powerRange(calls.map(({ histogramNs = [] }) => histogramNs));
  if (range === undefined || columns < LEAST_BARS) return undefined;
  const scale = `${formatDuration(2 ** range.low)}…${formatDuration(2 ** range.high)}`;
  return {
    title: scale.length <= columns ? scale : "LATENCY",
    align: "start",
    cell: ({ histogramNs = [] }) => sparkline(histogramNs, range, Math.min(columns, MOST_BARS)),
  };
}
