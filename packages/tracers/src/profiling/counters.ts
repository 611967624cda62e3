import type { KeyedMap } from "@skep/ebpf";
import type { Counters as CpuCounters } from "./profile.bpf.ts";

type CounterName = keyof CpuCounters;
/** What the kernel half counted, summed over the CPUs; the names are those of the C struct. */
export type CounterValues = Readonly<Record<CounterName, number>>;

const NAMES: readonly CounterName[] = [
  "seen",
  "counted",
  "counts_full",
  "stacks_full",
  "blocked_full",
  "truncated",
  "before_start",
  "targets_full",
  "events_full",
];

/** The counters of the kernel half. They only grow. */
export class Counters {
  readonly #table: KeyedMap<number, CpuCounters[]>;
  #taken: CounterValues | undefined;

  constructor(table: KeyedMap<number, CpuCounters[]>) {
    this.#table = table;
  }

  /** Since the start. */
  read(): CounterValues {
    const cpus = this.#table.get(0) ?? [];
    return forEach((name) => cpus.reduce((sum, ofCpu) => sum + Number(ofCpu[name]), 0));
  }

  /** Since the last call. */
  takeDifference(): CounterValues {
    const before = this.#taken;
    const now = this.read();
    this.#taken = now;
    return before === undefined ? now : forEach((name) => now[name] - before[name]);
  }
}

function forEach(value: (name: CounterName) => number): CounterValues {
  return Object.fromEntries(NAMES.map((name) => [name, value(name)])) as CounterValues;
}
