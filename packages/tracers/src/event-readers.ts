import { EventQueue, type EventQueueOptions } from "@skep/ebpf";

/** Gives each event of a tracer to all who read them; one that reads too slowly loses events, and they are counted. */
export class EventReaders<Event> implements Disposable {
  readonly #queues = new Set<EventQueue<Event>>();
  /** Of those that are gone. */
  #unreadBefore = 0;
  #ended = false;

  /** The events from now on; none after the end. */
  add(options: Pick<EventQueueOptions, "capacity"> = {}): EventQueue<Event> {
    const queue: EventQueue<Event> = new EventQueue({
      ...options,
      onClose: () => {
        this.#queues.delete(queue);
        this.#unreadBefore += queue.dropped;
      },
    });
    if (this.#ended) queue[Symbol.dispose]();
    else this.#queues.add(queue);
    return queue;
  }

  push(event: Event): void {
    for (const queue of this.#queues) queue.push(event);
  }

  /** Events that were lost to a reader since the start, once for each reader. */
  get unread(): number {
    let unread = this.#unreadBefore;
    for (const queue of this.#queues) unread += queue.dropped;
    return unread;
  }

  /** Everybody's events end after those that there are. */
  [Symbol.dispose](): void {
    this.#ended = true;
    for (const queue of this.#queues) queue[Symbol.dispose]();
  }
}
