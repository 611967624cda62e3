/** Keeps the entries used last; what falls out is handed to `onEvict`, which lets go of its descriptors. */
export class LruCache<Key, Value> {
  readonly #capacity: number;
  readonly #onEvict: (value: Value) => void;
  /** A `Map` iterates in the order of insertion: the first key is the one not used for the longest time. */
  readonly #entries: Map<Key, Value> = new Map();

  constructor(capacity: number, onEvict: (value: Value) => void = () => undefined) {
    this.#capacity = Math.max(1, capacity);
    this.#onEvict = onEvict;
  }

  get size(): number {
    return this.#entries.size;
  }

  values(): IterableIterator<Value> {
    return this.#entries.values();
  }

  get(key: Key): Value | undefined {
    const value = this.#entries.get(key);
    if (value === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, value);
    return value;
  }

  set(key: Key, value: Value): void {
    const previous = this.#entries.get(key);
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (previous !== undefined && previous !== value) this.#onEvict(previous);
    if (this.#entries.size > this.#capacity) this.evictOldest();
  }

  delete(key: Key): void {
    const value = this.#entries.get(key);
    if (value === undefined || !this.#entries.delete(key)) return;
    this.#onEvict(value);
  }

  /** Lets the entry go that was not used for the longest time. */
  evictOldest(): void {
    const oldest = this.#entries.keys().next();
    if (!oldest.done) this.delete(oldest.value);
  }

  clear(): void {
    for (const key of [...this.#entries.keys()]) this.delete(key);
  }
}
