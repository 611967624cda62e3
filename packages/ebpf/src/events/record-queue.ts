import type { RingBufferMap } from "../maps/ring-buffer-map.ts";
import type { Sys } from "../sys/sys.ts";
import { EventQueue } from "./event-queue.ts";
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

/**
 * The records of a ring buffer as an `AsyncIterable`, for `for await`.
 *
 * Its queue is bounded: a reader that is too slow loses the newest records, and `dropped` says how many. What the ring
 * itself had no room for is for the program to count.
 */
export class RecordQueue<T> implements AsyncIterableIterator<T>, Disposable {
  readonly #reader: RingBufferReader;
  readonly #queue: EventQueue<T>;

  constructor(map: RingBufferMap, options: RecordQueueOptions<T>) {
    const { decode, capacity, ...readerOptions } = options;
    const queue = new EventQueue<T>({
      ...(capacity === undefined ? {} : { capacity }),
      onClose: () => this.#reader[Symbol.dispose](),
    });
    this.#queue = queue;
    this.#reader = new RingBufferReader(map, {
      ...readerOptions,
      onRecord: (view, offset, sizeBytes) => {
        if (queue.full) queue.drop();
        else queue.push(decode(view, offset, sizeBytes));
      },
    });
  }

  /** Records lost because the reader was too slow. */
  get dropped(): number {
    return this.#queue.dropped;
  }

  /** Records that wait for the reader. */
  get pending(): number {
    return this.#queue.pending;
  }

  /** Disposed of: by its owner, or by leaving a `for await`. */
  get closed(): boolean {
    return this.#queue.closed;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    return this.#queue.next();
  }

  /** Called when a `for await` is left early. */
  return(): Promise<IteratorResult<T, undefined>> {
    return this.#queue.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Stops reading; records that wait can still be taken. */
  [Symbol.dispose](): void {
    this.#queue[Symbol.dispose]();
  }
}
