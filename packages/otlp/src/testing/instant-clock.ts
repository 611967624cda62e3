import type { Clock } from "../exporter/clock.ts";

/** A clock on which waiting takes no time but that of one turn of the event loop, and which remembers the waits. */
export class InstantClock implements Clock {
  readonly waitsMs: number[] = [];
  #nowMs = 1_795_000_000_000;

  nowMs(): number {
    return this.#nowMs;
  }

  async sleep(durationMs: number, abort: AbortSignal): Promise<void> {
    if (abort.aborted) return;
    this.waitsMs.push(durationMs);
    await new Promise((resolve) => setImmediate(resolve));
    this.#nowMs += durationMs;
  }
}
