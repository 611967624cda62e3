import type { RetrySettings } from "./settings.ts";

/** How long a receiver may tell us to stay away; what it says beyond that is taken for an error. */
const LONGEST_WAIT_MS = 3_600_000;

/**
 * How long to wait after a failed try: the interval doubles with each one up to the maximum, and chance takes up to half
 * of it, so that agents that failed together do not come back together. What the receiver asked for is the least.
 *
 * @param failures Tries that have failed so far, 1 or more.
 * @param random From 0 up to but not including 1.
 */
export function retryDelayMs(
  settings: Required<RetrySettings>,
  failures: number,
  askedForMs: number | undefined,
  random: number,
): number {
  const intervalMs = Math.min(settings.maxDelayMs, settings.initialDelayMs * 2 ** (failures - 1));
  const ownMs = intervalMs * (1 - random / 2);
  return Math.max(ownMs, Math.min(askedForMs ?? 0, LONGEST_WAIT_MS));
}
