import type { RingBufferMap } from "../maps/ring-buffer-map.ts";
import type { Sys } from "../sys/sys.ts";
import { RingBufferReader } from "./ring-buffer-reader.ts";

export interface RecordOptions {
  /** Records that wait for their reader; more are dropped and counted. Default 10,000. */
  readonly capacity?: number;
  /** As for a `RingBufferReader`. */
  readonly drainIntervalMs?: number;
  /** As for a `RingBufferReader`. */
  readonly keepAlive?: boolean;
  readonly sys?: Sys;
}

export interface RecordQueueOptions<T> extends RecordOptions {
  /** Makes a value of a record's bytes, which are only valid during the call. */
  readonly decode: (view: DataView, offset: number, sizeBytes: number) => T;
}

const DEFAULT_CAPACITY = 10_000;

/**
 * The records of a ring buffer as an `AsyncIterable`, for `for await`.
 *
 * Its queue is bounded: a reader that is too slow loses the newest records, and `dropped` says how many. What the ring
 * itself had no room for is for the program to count.
 */
export class RecordQueue<T> implements AsyncIterableIterator<T>, Disposable {
  readonly #reader: RingBufferReader;
  readonly #capacity: number;
  #queue: T[] = [];
  #head = 0;
  #dropped = 0;
  #closed = false;
  /** Readers that wait for a record: the queue is empty then. */
  #waiting: ((result: IteratorResult<T, undefined>) => void)[] = [];

  constructor(map: RingBufferMap, options: RecordQueueOptions<T>) {
    const { decode, capacity, ...readerOptions } = options;
    this.#capacity = capacity ?? DEFAULT_CAPACITY;
    this.#reader = new RingBufferReader(map, {
      ...readerOptions,
      onRecord: (view, offset, sizeBytes) => {
        if (this.#waiting.length === 0 && this.pending >= this.#capacity) {
          this.#dropped++;
          return;
        }
        this.#push(decode(view, offset, sizeBytes));
      },
    });
  }

  /** Records lost because the reader was too slow. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Records that wait for the reader. */
  get pending(): number {
    return this.#queue.length - this.#head;
  }

  /** Disposed of: by its owner, or by leaving a `for await`. */
  get closed(): boolean {
    return this.#closed;
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

  /** Stops reading; records that wait can still be taken. */
  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#reader[Symbol.dispose]();
    for (const resolve of this.#waiting.splice(0)) resolve({ value: undefined, done: true });
  }

  #push(value: T): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#queue.push(value);
    else waiting({ value, done: false });
  }

  /** Taken records are cut off in one go now and then: shifting each would cost time in proportion to the queue. */
  #compact(): void {
    if (this.#head < 1024 && this.#head < this.#queue.length) return;
    this.#queue = this.#queue.slice(this.#head);
    this.#head = 0;
  }
}
