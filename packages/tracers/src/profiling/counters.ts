import type { KeyedMap } from "@skep/ebpf";

/** What the kernel half counted: `struct counters` of profile.bpf.c, summed over the CPUs. */
export interface CounterValues {
  readonly seen: number;
  readonly counted: number;
  readonly countsFull: number;
  readonly stacksFull: number;
  readonly blockedFull: number;
  readonly truncated: number;
  readonly beforeStart: number;
  readonly targetsFull: number;
  readonly eventsFull: number;
}

/** Field names in the order of the C struct. */
const FIELDS: Readonly<Record<string, keyof CounterValues>> = {
  seen: "seen",
  counted: "counted",
  counts_full: "countsFull",
  stacks_full: "stacksFull",
  blocked_full: "blockedFull",
  truncated: "truncated",
  before_start: "beforeStart",
  targets_full: "targetsFull",
  events_full: "eventsFull",
};

const NOTHING: CounterValues = {
  seen: 0,
  counted: 0,
  countsFull: 0,
  stacksFull: 0,
  blockedFull: 0,
  truncated: 0,
  beforeStart: 0,
  targetsFull: 0,
  eventsFull: 0,
};

/** The counters of the kernel half. They only grow. */
export class Counters {
  readonly #table: KeyedMap<number, Record<string, bigint>[]>;
  #taken = NOTHING;

  constructor(table: KeyedMap<number, Record<string, bigint>[]>) {
    this.#table = table;
  }

  /** Since the start. */
  read(): CounterValues {
    const sums = { ...NOTHING };
    for (const ofCpu of this.#table.get(0) ?? []) {
      for (const [field, name] of Object.entries(FIELDS)) sums[name] += Number(ofCpu[field] ?? 0n);
    }
    return sums;
  }

  /** Since the last call. */
  takeDifference(): CounterValues {
    const now = this.read();
    const difference = { ...now };
    for (const name of Object.values(FIELDS)) difference[name] -= this.#taken[name];
    this.#taken = now;
    return difference;
  }
}
