/** A sum for each of many things, with a bound: of more things none is kept. */
export class Sums<Item> {
  readonly #items = new Map<string, Item>();
  readonly #limit: number;
  readonly #add: (sum: Item, next: Item) => Item;

  constructor(limit: number, add: (sum: Item, next: Item) => Item) {
    this.#limit = limit;
    this.#add = add;
  }

  /** @returns whether there was room */
  add(key: string, item: Item): boolean {
    const before = this.#items.get(key);
    if (before === undefined && this.#items.size >= this.#limit) return false;
    this.#items.set(key, before === undefined ? item : this.#add(before, item));
    return true;
  }

  /** Puts something in the place of each sum. */
  each(change: (sum: Item) => Item): void {
    for (const [key, sum] of this.#items) this.#items.set(key, change(sum));
  }

  values(): Item[] {
    return [...this.#items.values()];
  }
}
