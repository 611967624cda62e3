import type { TimeRange } from "skep/answers";
import { clock, duration } from "./format.ts";

/** What of the history is looked at: its end, which moves on, or a fixed piece of it. */
export type Range = LastRange | FixedRange;

export interface LastRange {
  readonly kind: "last";
  readonly seconds: number;
}

export interface FixedRange extends TimeRange {
  readonly kind: "fixed";
}

/** What the buttons offer. */
export const LAST_RANGES: readonly (readonly [seconds: number, label: string])[] = [
  [60, "1 min"],
  [300, "5 min"],
  [900, "15 min"],
];

export const DEFAULT_RANGE: Range = { kind: "last", seconds: 300 };

/** The times of a range, given when the last round ended. */
export function timesOf(range: Range, endMs: number): TimeRange {
  return range.kind === "fixed"
    ? { fromMs: range.fromMs, toMs: range.toMs }
    : { fromMs: endMs - range.seconds * 1000, toMs: endMs };
}

/** The piece of the same length just before. */
export function spanBefore({ fromMs, toMs }: TimeRange): TimeRange {
  return { fromMs: fromMs - (toMs - fromMs), toMs: fromMs };
}

export function sameRange(a: Range, b: Range): boolean {
  return formatRange(a) === formatRange(b);
}

/** `the last 5 min`, `14:05:00 to 14:06:10 (1 min 10 s)` */
export function rangeText(range: Range): string {
  if (range.kind === "fixed") {
    const { fromMs, toMs } = range;
    return `${clock(fromMs)} to ${clock(toMs)} (${duration((toMs - fromMs) * 1e6)})`;
  }
  const label = LAST_RANGES.find(([seconds]) => seconds === range.seconds)?.[1];
  return `the last ${label ?? duration(range.seconds * 1e9)}`;
}

/** For the address: `last=300`, `from=1795000000000&to=1795000060000`. */
export function formatRange(range: Range): string {
  return range.kind === "last"
    ? `last=${range.seconds}`
    : `from=${Math.round(range.fromMs)}&to=${Math.round(range.toMs)}`;
}

/** Reads what {@link formatRange} wrote; anything else is the default range. */
export function parseRange(parameters: URLSearchParams): Range {
  const number = (name: string) => {
    const text = parameters.get(name) ?? "";
    return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
  };
  const [seconds, fromMs, toMs] = [number("last"), number("from"), number("to")];
  if (seconds !== undefined && seconds > 0) return { kind: "last", seconds };
  if (fromMs !== undefined && toMs !== undefined && fromMs < toMs) return { kind: "fixed", fromMs, toMs };
  return DEFAULT_RANGE;
}
