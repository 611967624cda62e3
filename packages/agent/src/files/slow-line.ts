import type { SlowOperation } from "@skep/tracers/files";
import { cutMiddle, displayWidth, printable } from "../output/text.ts";
import { formatClockTime } from "../terminal/clock-time.ts";
import { formatBytes, formatDuration } from "../terminal/numbers.ts";
import { cutProcess, formatProcess } from "../terminal/process-name.ts";

const SLOW_TITLES: string = line("TIME", "TOOK", "CALL", "BYTES", "FILE AND PROCESS");

/**
 * One line on a slow operation.
 *
 * @param columns width of the terminal; undefined: as long as it takes
 */
export function formatSlowOperation(operation: SlowOperation, columns: number | undefined): string {
  const { timeUnixNs, durationNs, call, bytes, error, path } = operation;
  const begin = line(
    formatClockTime(timeUnixNs),
    formatDuration(durationNs),
    printable(call),
    error ?? formatBytes(bytes),
    "",
  );
  const process = formatProcess(operation.process);
  if (columns === undefined) return `${begin}${printable(path)}  ${process}`;
  const room = Math.max(30, columns - displayWidth(begin));
  const shortProcess = cutProcess(process, Math.max(14, Math.floor(room * 0.4)));
  const shortPath = cutMiddle(printable(path), room - displayWidth(shortProcess) - 2, 0.3);
  return `${begin}${shortPath}  ${shortProcess}`;
}

function line(time: string, took: string, call: string, bytes: string, what: string): string {
  return `${time.padEnd(12)} ${took.padStart(7)}  ${call.padEnd(8)} ${bytes.padStart(7)}  ${what}`;
}

/** A function that gives the line of each operation, the first one below titles. */
export function slowOperationLines(columns: () => number | undefined): (operation: SlowOperation) => string {
  let titles = `${SLOW_TITLES}\n`;
  return (operation) => {
    const text = `${titles}${formatSlowOperation(operation, columns())}\n`;
    titles = "";
    return text;
  };
}
