export interface EventQueueOptions {
  /** Events that wait for their reader; more are dropped and counted. Default 10,000. */
  readonly capacity?: number;
  /** Called once, when nobody will read any more: it was disposed of, or a `for await` was left. */
  readonly onClose?: () => void;
}

const DEFAULT_CAPACITY = 10_000;

/**
 * Events on their way to whoever reads them, for `for await`.
 *
 * It is bounded: a reader that is too slow loses the newest events, and `dropped` says how many.
 */
export class EventQueue<T> implements AsyncIterableIterator<T>, Disposable {
  readonly #capacity: number;
  readonly #onClose: (() => void) | undefined;
  #queue: T[] = [];
  #head = 0;
  #dropped = 0;
  #closed = false;
  /** Readers that wait for an event: the queue is empty then. */
  #waiting: ((result: IteratorResult<T, undefined>) => void)[] = [];

  constructor(options: EventQueueOptions = {}) {
    this.#capacity = options.capacity ?? DEFAULT_CAPACITY;
    this.#onClose = options.onClose;
  }

  /** Events lost because the reader was too slow. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Events that wait for the reader. */
  get pending(): number {
    return this.#queue.length - this.#head;
  }

  /** Disposed of: by its owner, or by leaving a `for await`. */
  get closed(): boolean {
    return this.#closed;
  }

  /** The next event would be dropped, so it need not be made. */
  get full(): boolean {
    return this.#waiting.length === 0 && this.pending >= this.#capacity;
  }

  push(value: T): void {
    if (this.#closed) return;
    if (this.full) {
      this.drop();
      return;
    }
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#queue.push(value);
    else waiting({ value, done: false });
  }

  /** Counts an event that was not made, since the queue is full. */
  drop(): void {
    this.#dropped++;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (this.pending > 0) {
      const value = this.#queue[this.#head++] as T;
      this.#compact();
      return Promise.resolve({ value, done: false });
    }
    if (this.#closed) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Called when a `for await` is left early. */
  return(): Promise<IteratorResult<T, undefined>> {
    this[Symbol.dispose]();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Takes no more events; those that wait can still be read. */
  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const resolve of this.#waiting.splice(0)) resolve({ value: undefined, done: true });
    this.#onClose?.();
  }

  /** Taken events are cut off in one go now and then: shifting each would cost time in proportion to the queue. */
  #compact(): void {
    if (this.#head < 1024 && this.#head < this.#queue.length) return;
    this.#queue = this.#queue.slice(this.#head);
    this.#head = 0;
  }
}
