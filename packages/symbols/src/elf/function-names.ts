import type { FoundFunction, FunctionFinder } from "./function-finder.ts";

/** Addresses that wait for their names at most; more of them are looked up before somebody asks. */
const maxWanted = 16_384;
/** Of a stretch of code and its name, on average. */
const bytesPerFunction = 200;

/** The functions of a file that were asked for, and no others: a program has a hundred thousand, of which few ever run. */
export class FunctionNames {
  readonly #finder: FunctionFinder;
  /** Disjoint, ascending. */
  #known: FoundFunction[] = [];
  #wanted = new Set<number>();

  constructor(finder: FunctionFinder) {
    this.#finder = finder;
  }

  get memoryBytes(): number {
    return this.#known.length * bytesPerFunction;
  }

  /** Has the name of an address found with those of others, in one go, when the first of them is asked for. */
  want(address: number): void {
    if (this.#find(address) !== undefined) return;
    this.#wanted.add(address);
    if (this.#wanted.size >= maxWanted) this.#findWanted();
  }

  /**
   * Linkage name of the function at an address. The same string is given for all addresses of a stretch.
   *
   * @throws {FormatError} when the file changed under us.
   */
  name(address: number): string | undefined {
    const known = this.#find(address);
    if (known !== undefined) return known.name;
    this.#wanted.add(address);
    this.#findWanted();
    return this.#find(address)?.name;
  }

  #findWanted(): void {
    const wanted = this.#wanted;
    this.#wanted = new Set();
    const found = this.#finder.find(Float64Array.from(wanted).sort());
    const all = this.#known.concat(found).sort((a, b) => a.start - b.start || a.end - b.end);
    // Two addresses of one stretch give it twice; where a larger part of it is known by now, the first one ends earlier.
    this.#known = all.filter(({ start }, index) => start !== all[index + 1]?.start);
  }

  #find(address: number): FoundFunction | undefined {
    let low = 0;
    let high = this.#known.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#known[middle]?.start ?? 0) <= address) low = middle + 1;
      else high = middle;
    }
    const last = this.#known[low - 1];
    return last !== undefined && address < last.end ? last : undefined;
  }
}
