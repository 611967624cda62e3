import { containerIdOf } from "@skep/symbols";

export interface CgroupName {
  readonly cgroupPath: string;
  readonly containerId?: string;
}

/** What is known of cgroups, by their id. Forgets the one that was used least recently when there are too many. */
export class CgroupNames {
  readonly #limit: number;
  readonly #names = new Map<bigint, CgroupName>();

  /** @param limit more than the kernel half's `known_cgroups`, which sends again what it has forgotten */
  constructor(limit: number) {
    this.#limit = limit;
  }

  set(id: bigint, path: string): void {
    const containerId = containerIdOf(path);
    this.#names.delete(id);
    this.#names.set(id, { cgroupPath: path, ...(containerId === undefined ? {} : { containerId }) });
    const [oldest] = this.#names.keys();
    if (this.#names.size > this.#limit && oldest !== undefined) this.#names.delete(oldest);
  }

  get(id: bigint): CgroupName | undefined {
    const name = this.#names.get(id);
    if (name === undefined) return undefined;
    // A Map is in the order of insertion: this makes it the newest.
    this.#names.delete(id);
    this.#names.set(id, name);
    return name;
  }
}
