import type { RttBucket, RttHistogram } from "./packet-report.ts";

/** `RTT_SLOTS` of tcp.h. */
export const RTT_SLOTS = 128;

/** Of the counts of slots, in the order of `slot_of()` in tcp.h. */
export function rttHistogram(counts: readonly number[]): RttHistogram {
  const buckets: RttBucket[] = [];
  let samples = 0;
  for (const [slot, count] of counts.entries()) {
    if (count === 0) continue;
    samples += count;
    buckets.push({ fromNs: slotStartNs(slot), untilNs: slotStartNs(slot + 1), samples: count });
  }
  return { samples, buckets };
}

/** 4 slots of one microsecond, then 4 between any two powers of 2. */
function slotStartNs(slot: number): number {
  return 1000 * (slot < 4 ? slot : (4 + (slot & 3)) * 2 ** (Math.floor(slot / 4) - 1));
}
