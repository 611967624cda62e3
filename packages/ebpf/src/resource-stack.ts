/**
 * Disposes of what it holds, the last first: what DisposableStack does, which Node.js 22 does not have yet.
 *
 * While something is built of several kernel resources, it holds those made so far; when all went well they are moved
 * out, and when a step throws they are let go.
 */
export class ResourceStack implements Disposable {
  #resources: Disposable[] = [];

  use<T extends Disposable>(resource: T): T {
    this.#resources.push(resource);
    return resource;
  }

  /** Hands everything over to a new stack; this one is empty then. */
  move(): ResourceStack {
    const moved = new ResourceStack();
    moved.#resources = this.#resources;
    this.#resources = [];
    return moved;
  }

  /** Disposes of everything, also where one throws; then throws the first error. */
  [Symbol.dispose](): void {
    const errors: unknown[] = [];
    for (const resource of this.#resources.splice(0).reverse()) {
      try {
        resource[Symbol.dispose]();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }
}
