import type { EventQueue } from "@skep/ebpf";

/** The events of a tracer, from one round to the next: read as they come, up to a limit. */
export class EventCollector<Event> {
  readonly #limit: number;
  readonly #onEvent: ((event: Event) => void) | undefined;
  #events: Event[] = [];
  #dropped = 0;

  /**
   * @param limit of events that are kept for a round
   * @param onEvent gets each of them at once, also those beyond the limit
   */
  constructor(queue: Pick<EventQueue<Event>, "next">, limit: number, onEvent?: (event: Event) => void) {
    this.#limit = limit;
    this.#onEvent = onEvent;
    // Ends with the queue, when the tracer is stopped. Nothing in it throws but what `onEvent` does.
    void this.#readAll(queue);
  }

  /** What came since the last call, and how many more there were. */
  async take(): Promise<{ readonly events: readonly Event[]; readonly dropped: number }> {
    // What the queue holds is read without a wait in between: once through the event loop, and it is here.
    await new Promise(setImmediate);
    const taken = { events: this.#events, dropped: this.#dropped };
    this.#events = [];
    this.#dropped = 0;
    return taken;
  }

  async #readAll(queue: Pick<EventQueue<Event>, "next">): Promise<void> {
    for (let next = await queue.next(); next.done !== true; next = await queue.next()) {
      this.#onEvent?.(next.value);
      if (this.#events.length < this.#limit) this.#events.push(next.value);
      else this.#dropped += 1;
    }
  }
}
