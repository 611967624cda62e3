/** Of counts that only grow: what each has grown since it was last asked for. */
export class Differences<Key> {
  readonly #told = new Map<Key, number>();

  take(key: Key, now: number): number {
    const before = this.#told.get(key) ?? 0;
    if (now !== before) this.#told.set(key, now);
    return now - before;
  }
}
