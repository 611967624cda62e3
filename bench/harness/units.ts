import { median, quantile } from "./statistics.ts";

/** Numbers as readers want them: three digits that mean something, and the unit. */

export function milliseconds(ns: number): string {
  return `${threeDigits(ns / 1e6)} ms`;
}

export function microseconds(ns: number): string {
  return `${threeDigits(ns / 1e3)} us`;
}

export function nanoseconds(ns: number): string {
  return `${threeDigits(ns)} ns`;
}

/** Of events. */
export function perSecond(rate: number): string {
  return `${threeDigits(rate / 1e6)} M`;
}

/** 10^6 bytes. */
export function megabytes(bytes: number): string {
  return `${threeDigits(bytes / 1e6)} MB`;
}

export function percent(part: number): string {
  return `${threeDigits(part * 100)} %`;
}

/** The median, and between which values the middle half lies. */
export function spread(values: readonly number[], format: (value: number) => string): string {
  const [low, high] = [quantile(values, 0.25), quantile(values, 0.75)].map((value) => format(value).replace(/ .*/, ""));
  return `${format(median(values))} (${low}-${high})`;
}

/** How many times as much as the other. */
export function ratio(ours: number, theirs: number): string {
  return `${threeDigits(ours / theirs)}x`;
}

function threeDigits(value: number): string {
  const magnitude = Math.abs(value);
  return value.toFixed(magnitude >= 99.95 || magnitude === 0 ? 0 : magnitude >= 9.995 ? 1 : 2);
}
