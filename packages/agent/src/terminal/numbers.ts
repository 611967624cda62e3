/** Numbers for people: at most seven columns wide, except for counts, which stay exact. */

/** `1,234`. */
export function formatCount(count: number): string {
  return count.toLocaleString("en-US");
}

/** `1 call`, `1,234 calls`. */
export function counted(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** How often a second: `1,234`, `12.3`, `0.5`; nothing for none. */
export function formatRate(perSecond: number): string {
  if (perSecond === 0) return "";
  return perSecond >= 99.95 ? formatCount(Math.round(perSecond)) : perSecond.toFixed(1);
}

/** Two or three digits: `86400 s`, `31.4 s`, `2.00 s`, `20 ms`, `7.1 us`, `350 ns`. */
export function formatDuration(durationNs: number): string {
  if (durationNs >= 99.95e9) return `${Math.round(durationNs / 1e9)} s`;
  if (durationNs >= 9.995e9) return `${(durationNs / 1e9).toFixed(1)} s`;
  if (durationNs >= 999.5e6) return `${(durationNs / 1e9).toFixed(2)} s`;
  if (durationNs >= 999.5e3) return `${twoDigits(durationNs / 1e6)} ms`;
  if (durationNs >= 999.5) return `${twoDigits(durationNs / 1e3)} us`;
  return `${Math.round(durationNs)} ns`;
}

const BYTE_UNITS = ["kB", "MB", "GB", "TB", "PB"] as const;

/** Two or three digits, by powers of 1000: `512 B`, `4.1 kB`, `99 MB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 999.5) return `${Math.round(bytes)} B`;
  let value = bytes;
  let unit: string = BYTE_UNITS[0];
  for (unit of BYTE_UNITS) {
    value /= 1000;
    if (value < 999.5) break;
  }
  return `${twoDigits(value)} ${unit}`;
}

/** At least two digits, and all of those before the point. */
function twoDigits(value: number): string {
  return value < 9.95 ? value.toFixed(1) : String(Math.round(value));
}
