import type { KeyedMap } from "@skep/ebpf";

/** The struct of 64-bit counters that a kernel half keeps per CPU, by the names of its members. */
type CounterStruct<Name extends string> = Readonly<Record<Name, bigint>>;

/** What the kernel half counted, summed over the CPUs. */
export type CounterValues<Name extends string> = Readonly<Record<Name, number>>;

/** The counters of a kernel half: a per-CPU array with one element. They only grow. */
export class KernelCounters<Name extends string> {
  readonly #table: KeyedMap<number, CounterStruct<Name>[]>;
  #taken: CounterValues<Name> | undefined;

  constructor(table: KeyedMap<number, CounterStruct<Name>[]>) {
    this.#table = table;
  }

  /** Since the start. */
  read(): CounterValues<Name> {
    const sums: Partial<Record<Name, number>> = {};
    for (const ofCpu of this.#table.get(0) ?? []) {
      for (const name of Object.keys(ofCpu) as Name[]) sums[name] = (sums[name] ?? 0) + Number(ofCpu[name]);
    }
    // An array always has its elements: one struct per possible CPU, and there is a first CPU.
    return sums as CounterValues<Name>;
  }

  /** Since the last call. */
  takeDifference(): CounterValues<Name> {
    const before = this.#taken;
    const now = this.read();
    this.#taken = now;
    if (before === undefined) return now;
    const names = Object.keys(now) as Name[];
    return Object.fromEntries(names.map((name) => [name, now[name] - before[name]])) as CounterValues<Name>;
  }
}
