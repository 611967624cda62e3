import type { NetworkEventCounts, NetworkEventKind, NetworkTracer } from "@skep/tracers/networking";
import type { Reasons } from "../terminal/reasons.ts";

/** What became of the events that were to be printed: the sum of seen = the sum of delivered + the sum of lost. */
export interface EventCounts {
  readonly seen: Reasons;
  readonly delivered: Reasons;
  readonly lost: Reasons;
}

/** Counts what is read of a tracer's `events()`, which were asked for at the same time as this was made. */
export class EventCounter {
  readonly #tracer: Pick<NetworkTracer, "counts">;
  readonly #before: Partial<Record<NetworkEventKind, NetworkEventCounts>>;
  readonly #read: Partial<Record<NetworkEventKind, number>> = {};

  constructor(tracer: Pick<NetworkTracer, "counts">) {
    this.#tracer = tracer;
    this.#before = tracer.counts();
  }

  add(kind: NetworkEventKind): void {
    this.#read[kind] = (this.#read[kind] ?? 0) + 1;
  }

  /** To be called when the events have come to their end. */
  counts(kinds: readonly NetworkEventKind[]): EventCounts {
    const now = this.#tracer.counts();
    const seen: Record<string, number> = {};
    const delivered: Record<string, number> = {};
    const lost: Record<string, number> = {};
    for (const kind of kinds) {
      const counted = now[kind];
      if (counted === undefined) continue;
      const before = this.#before[kind]?.delivered ?? 0;
      const read = this.#read[kind] ?? 0;
      // Of those that came before anybody could read them nobody wants to know.
      seen[kind] = counted.seen - before;
      delivered[kind] = read;
      for (const [reason, count] of Object.entries(counted.lost)) lost[nameOf(kind, reason)] = count;
      lost[nameOf(kind, "unread")] = counted.delivered - before - read;
    }
    return { seen, delivered, lost };
  }
}

/** `httpUnread`. */
function nameOf(kind: NetworkEventKind, reason: string): string {
  return `${kind}${reason.charAt(0).toUpperCase()}${reason.slice(1)}`;
}
