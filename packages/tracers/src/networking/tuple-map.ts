export type TupleKey = string | number | boolean | undefined;

interface Node<Value> {
  next: Map<TupleKey, Node<Value>> | undefined;
  value: Value | undefined;
}

/**
 * Values by several keys, as many for each: what a map would hold by a text made of them, but without making that text,
 * which took more memory and time than all else that was done for a request.
 */
export class TupleMap<Value extends object> {
  #root: Node<Value> = { next: undefined, value: undefined };
  readonly #values: Value[] = [];

  get size(): number {
    return this.#values.length;
  }

  get(keys: readonly TupleKey[]): Value | undefined {
    let node: Node<Value> | undefined = this.#root;
    for (let index = 0; index < keys.length && node !== undefined; index++) node = node.next?.get(keys[index]);
    return node?.value;
  }

  /** Adds a value for keys that have none yet. They are not kept: the array may be used again. */
  add(keys: readonly TupleKey[], value: Value): void {
    let node = this.#root;
    for (const key of keys) {
      node.next ??= new Map();
      let next = node.next.get(key);
      if (next === undefined) {
        next = { next: undefined, value: undefined };
        node.next.set(key, next);
      }
      node = next;
    }
    node.value = value;
    this.#values.push(value);
  }

  /** All of them, in the order in which they were added; nothing is left. */
  take(): Value[] {
    this.#root = { next: undefined, value: undefined };
    return this.#values.splice(0);
  }
}
