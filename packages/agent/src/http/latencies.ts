import type { Latency } from "@skep/tracers/networking";

/** Of both together; exact, since all have the same buckets. */
export function addLatencies(a: Latency | undefined, b: Latency | undefined): Latency | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const offset = Math.min(a.offset, b.offset);
  const end = Math.max(a.offset + a.counts.length, b.offset + b.counts.length);
  const counts = new Array<number>(end - offset).fill(0);
  for (const { offset: first, counts: more } of [a, b]) {
    for (const [index, count] of more.entries()) {
      const place = first - offset + index;
      counts[place] = (counts[place] ?? 0) + count;
    }
  }
  return {
    count: a.count + b.count,
    sumNs: a.sumNs + b.sumNs,
    minNs: Math.min(a.minNs, b.minNs),
    maxNs: Math.max(a.maxNs, b.maxNs),
    offset,
    counts,
  };
}
