/** Monotonic time in nanoseconds, as a double: exact for 104 days after boot. */
export function now(): number {
  return Number(process.hrtime.bigint());
}

/** The value below which the given part (0 to 1) of all values lies, between neighbours where it falls there. */
export function quantile(values: readonly number[], part: number): number {
  if (values.length === 0) throw new RangeError("no values");
  const sorted = values.toSorted((a, b) => a - b);
  const position = (sorted.length - 1) * part;
  const below = sorted[Math.floor(position)] ?? 0;
  const above = sorted[Math.ceil(position)] ?? 0;
  return below + (above - below) * (position - Math.floor(position));
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}
