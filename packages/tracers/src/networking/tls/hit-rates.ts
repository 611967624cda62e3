/** A process that comes upon probes more often than it should have to. */
export interface BusyProcess {
  readonly pid: number;
  readonly hitsPerSecond: number;
}

/** How often processes came upon probes, from one look at the kernel's counts to the next. */
export class HitRates {
  readonly #mostPerSecond: number;
  readonly #now: () => number;
  #counts: ReadonlyMap<number, bigint> = new Map();
  #atMs: number;
  #total = 0;

  /** @param now milliseconds on a clock that is not set */
  constructor(mostPerSecond: number, now: () => number = () => performance.now()) {
    this.#mostPerSecond = mostPerSecond;
    this.#now = now;
    this.#atMs = now();
  }

  /** How many there were since the start. */
  total(entries: Iterable<readonly [pid: number, hits: bigint]>): number {
    let total = this.#total;
    for (const [pid, hits] of entries) total += this.#added(pid, hits);
    return total;
  }

  /**
   * Those above the rate since the last look. A look that comes too soon after the other, so that a burst would pass for
   * a rate, is none.
   *
   * @param entries pid and hits, as the kernel has counted them so far. One that it has let go begins anew.
   */
  look(entries: Iterable<readonly [pid: number, hits: bigint]>): BusyProcess[] {
    const now = this.#now();
    const seconds = (now - this.#atMs) / 1000;
    if (seconds < SHORTEST_SECONDS) return [];
    const counts = new Map(entries);
    const busy: BusyProcess[] = [];
    for (const [pid, hits] of counts) {
      const added = this.#added(pid, hits);
      this.#total += added;
      const hitsPerSecond = added / seconds;
      if (hitsPerSecond > this.#mostPerSecond) busy.push({ pid, hitsPerSecond });
    }
    this.#counts = counts;
    this.#atMs = now;
    return busy;
  }

  #added(pid: number, hits: bigint): number {
    const before = this.#counts.get(pid) ?? 0n;
    return Number(hits < before ? hits : hits - before);
  }
}

const SHORTEST_SECONDS = 0.5;
