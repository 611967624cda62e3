import type { HrTime } from "@opentelemetry/api";

const NS_PER_SECOND = 1_000_000_000n;

/** A time since 1970 as the API has it: seconds, and nanoseconds of the second. */
export function hrTime(unixNs: bigint): HrTime {
  return [Number(unixNs / NS_PER_SECOND), Number(unixNs % NS_PER_SECOND)];
}
