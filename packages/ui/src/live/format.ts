/** Numbers as one reads them: few digits, a unit that fits, and the same width for the same size. */

const COUNT_UNITS = ["", "k", "M", "G", "T"];
const BYTE_UNITS = ["B", "kB", "MB", "GB", "TB"];

/** `0`, `7`, `1,204`, `20.5k`, `1.20M` */
export function count(value: number): string {
  if (value < 10_000) return value < 10 && !Number.isInteger(value) ? value.toFixed(value < 1 ? 2 : 1) : whole(value);
  return scaled(value, COUNT_UNITS, "");
}

/** `512 B`, `40.5 kB`, `1.20 GB`: powers of a thousand. */
export function bytes(value: number): string {
  return value < 1000 ? `${whole(value)} B` : scaled(value, BYTE_UNITS, " ");
}

export function perSecond(value: number): string {
  return `${count(value)}/s`;
}

export function bytesPerSecond(value: number): string {
  return `${bytes(value)}/s`;
}

/** From 0 to 1. */
export function share(value: number): string {
  const percent = value * 100;
  if (percent === 0 || percent >= 99.95) return `${Math.round(percent)}%`;
  return percent < 0.01 ? "< 0.01%" : `${percent.toFixed(percent < 1 ? 2 : 1)}%`;
}

/** `812 ns`, `4.1 µs`, `20 ms`, `1.50 s`, `2 min`, `2 min 5 s`, `3 h 20 min` */
export function duration(durationNs: number): string {
  if (durationNs >= 3.6e12) return parts(Math.round(durationNs / 6e10), "h", "min");
  if (durationNs >= 6e10) return parts(Math.round(durationNs / 1e9), "min", "s");
  if (durationNs >= 1e9) return `${(durationNs / 1e9).toFixed(durationNs >= 1e10 ? 1 : 2)} s`;
  if (durationNs >= 1e6) return `${(durationNs / 1e6).toFixed(durationNs >= 1e7 ? 0 : 1)} ms`;
  if (durationNs >= 1e3) return `${(durationNs / 1e3).toFixed(durationNs >= 1e4 ? 0 : 1)} µs`;
  return `${Math.round(durationNs)} ns`;
}

/** A number of the smaller unit, 60 of which are one of the larger. */
function parts(value: number, larger: string, smaller: string): string {
  const rest = value % 60;
  return `${Math.floor(value / 60)} ${larger}${rest === 0 ? "" : ` ${rest} ${smaller}`}`;
}

const CLOCK = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });

/** In the reader's own time zone: `14:05:09`. */
export function clock(timeMs: number): string {
  return CLOCK.format(timeMs);
}

export function plural(value: number, noun: string): string {
  return `${whole(value)} ${noun}${value === 1 ? "" : "s"}`;
}

function whole(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

function scaled(value: number, units: readonly string[], gap: string): string {
  let rest = value;
  let unit = 0;
  while (rest >= 999.5 && unit < units.length - 1) {
    rest /= 1000;
    unit++;
  }
  const digits = rest < 10 ? 2 : rest < 100 ? 1 : 0;
  return `${rest.toFixed(digits)}${gap}${units[unit]}`;
}
