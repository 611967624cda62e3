import { containerIdOf } from "@skep/symbols";
import { joinPath } from "./filters/path-text.ts";
import { bytesAt } from "./kernel-values.ts";

/** More than the kernel half's `known_cgroups`, which sends again what it has forgotten. */
const LIMIT = 4096;

export interface CgroupName {
  readonly cgroupPath: string;
  readonly containerId?: string;
}

/** What is known of cgroups, by their id. Forgets the one that was used least recently when there are too many. */
export class CgroupNames {
  readonly #limit: number;
  readonly #names = new Map<bigint, CgroupName>();

  constructor(limit: number = LIMIT) {
    this.#limit = limit;
  }

  /**
   * Takes a `struct cgroup_record` of kernel/cgroup-record.h:
   *
   * ```
   * 0      4             8    16
   * | kind | names_bytes | id | names ...
   * ```
   */
  takeRecord(view: DataView, offset: number): void {
    const names = bytesAt(view, offset + 16, view.getUint32(offset + 4, true));
    this.set(view.getBigUint64(offset + 8, true), joinPath(names, 0).path);
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
