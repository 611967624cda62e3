/** A bucket of a histogram: so many values that are at least `low` and less than `high`. */
export type Bucket = readonly [low: number, high: number, count: number];

/** Whole powers of two: the range that a group of histograms covers. */
export interface PowerRange {
  readonly low: number;
  readonly high: number;
}

const BARS = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"] as const;

/** The exponents between which all of the histograms lie; undefined where all are empty. */
export function powerRange(histograms: Iterable<readonly Bucket[]>): PowerRange | undefined {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const histogram of histograms) {
    for (const [bucketLow] of histogram) {
      low = Math.min(low, exponentOf(bucketLow));
      high = Math.max(high, exponentOf(bucketLow) + 1);
    }
  }
  return low < high ? { low, high } : undefined;
}

/**
 * A log2 histogram as bars, each as high as its share of the highest one; a blank where there is nothing.
 *
 * @param columns at most so many bars; each stands for as many powers of two as it takes
 */
export function sparkline(histogram: readonly Bucket[], { low, high }: PowerRange, columns: number): string {
  const powersPerBar = Math.max(1, Math.ceil((high - low) / columns));
  const counts = new Array<number>(Math.ceil((high - low) / powersPerBar)).fill(0);
  for (const [bucketLow, , count] of histogram) {
    const bar = Math.floor((exponentOf(bucketLow) - low) / powersPerBar);
    counts[bar] = (counts[bar] ?? 0) + count;
  }
  const highest = Math.max(...counts);
  return counts.map((count) => barOf(count, highest)).join("");
}

function barOf(count: number, highest: number): string {
  if (count === 0) return " ";
  // What is there is seen, however little it is.
  return BARS[Math.max(0, Math.ceil((count / highest) * BARS.length) - 1)] ?? " ";
}

/** The bucket of 0 counts as that of 1. */
function exponentOf(low: number): number {
  return low < 1 ? 0 : Math.floor(Math.log2(low));
}
