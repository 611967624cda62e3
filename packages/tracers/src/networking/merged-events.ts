type Source<T> = AsyncIterator<T, unknown> & Disposable;
type Result<T> = IteratorResult<T, undefined>;

/** An event that came, and what asks its source for the next one. */
interface Arrival<T> {
  readonly event: T;
  readonly goOn: () => void;
}

/**
 * The events of several sources, in the order in which they come. Of each one event at most waits here, so that what waits
 * is counted where it is bounded: in the sources. Ends when all of them have ended.
 */
export class MergedEvents<T> implements AsyncIterableIterator<T>, Disposable {
  readonly #sources: readonly Source<T>[];
  readonly #arrivals: Arrival<T>[] = [];
  #running: number;
  #failure: { readonly error: unknown } | undefined;
  #reader: PromiseWithResolvers<Result<T>> | undefined;

  constructor(sources: readonly Source<T>[]) {
    this.#sources = sources;
    this.#running = sources.length;
    for (const source of sources) this.#ask(source);
  }

  /** One reader at a time. */
  next(): Promise<Result<T>> {
    this.#reader = Promise.withResolvers();
    const { promise } = this.#reader;
    this.#serve();
    return promise;
  }

  /** Called when a `for await` is left early. */
  return(): Promise<Result<T>> {
    this[Symbol.dispose]();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  [Symbol.dispose](): void {
    for (const source of this.#sources) source[Symbol.dispose]();
  }

  #ask(source: Source<T>): void {
    source
      .next()
      .then(
        (result) => {
          if (result.done === true) this.#running--;
          else this.#arrivals.push({ event: result.value, goOn: () => this.#ask(source) });
        },
        (error: unknown) => {
          this.#failure = { error };
        },
      )
      .then(() => this.#serve());
  }

  #serve(): void {
    const reader = this.#reader;
    if (reader === undefined) return;
    const arrival = this.#arrivals.shift();
    if (arrival !== undefined) {
      this.#reader = undefined;
      reader.resolve({ value: arrival.event, done: false });
      arrival.goOn();
    } else if (this.#failure !== undefined) {
      this.#reader = undefined;
      reader.reject(this.#failure.error);
    } else if (this.#running === 0) {
      this.#reader = undefined;
      reader.resolve({ value: undefined, done: true });
    }
  }
}
