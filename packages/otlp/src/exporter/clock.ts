/** What time it is, and how to wait. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  nowMs(): number;
  /** Ends after `durationMs`, or at once when `abort` is or becomes aborted; never fails. */
  sleep(durationMs: number, abort: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  sleep: (durationMs, abort) =>
    new Promise((resolve) => {
      if (abort.aborted) return resolve();
      const timer = setTimeout(end, durationMs);
      function end(): void {
        clearTimeout(timer);
        abort.removeEventListener("abort", end);
        resolve();
      }
      abort.addEventListener("abort", end);
    }),
};
