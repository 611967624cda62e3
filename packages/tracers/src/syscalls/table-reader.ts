import type { KeyedMap } from "@skep/ebpf";
import type { ProcessNames } from "./process-names.ts";
import type { SyscallStore } from "./syscall-store.ts";
import {
  CALL_KEY_BYTES,
  CALL_UNDER_WAY_BYTES,
  type CallKey,
  COUNT_BYTES,
  DURATIONS_BYTES,
  ERROR_KEY_BYTES,
  PROCESS_KEY_BYTES,
  PROCESS_NAME_BYTES,
  readCallKey,
  readCallUnderWay,
  readCount,
  readDurations,
  readErrorKey,
  readName,
  readProcessKey,
} from "./syscall-table.ts";
import type { Loaded, Unattributed } from "./syscalls.bpf.ts";

/** Of the tables that take turns. */
export type TableNumber = 0 | 1;

/** Empties the kernel half's tables into the store. */
export class TableReader {
  readonly #maps: Loaded["maps"];
  readonly #timed: boolean;
  readonly #processNames: ProcessNames;
  readonly #store: SyscallStore;
  readonly #unattributed = new Map<number, Sums>();

  constructor(maps: Loaded["maps"], timed: boolean, processNames: ProcessNames, store: SyscallStore) {
    this.#maps = maps;
    this.#timed = timed;
    this.#processNames = processNames;
    this.#store = store;
  }

  /** To be called when no program fills them any more. */
  take(table: TableNumber): void {
    const { names_0, names_1, counts_0, counts_1, durations_0, durations_1, errors_0, errors_1 } = this.#maps;
    // The store asks for the names of those whose rows it gets.
    this.#takeNames(table === 0 ? names_0 : names_1);
    if (this.#timed) this.#takeDurations(table === 0 ? durations_0 : durations_1);
    else this.#takeCounts(table === 0 ? counts_0 : counts_1);
    this.#takeErrors(table === 0 ? errors_0 : errors_1);
  }

  /** Of this table there is one, whose numbers only grow; it is read where there is something new in it. */
  takeUnattributed(): void {
    for (const [call, perCpu] of this.#maps.unattributed) {
      const now = sumOf(perCpu);
      const before = this.#unattributed.get(call) ?? { calls: 0, errors: 0 };
      if (now.calls === before.calls && now.errors === before.errors) continue;
      this.#unattributed.set(call, now);
      this.#store.addUnattributed(call, now.calls - before.calls, now.errors - before.errors);
    }
  }

  /** The calls that threads are in. None is known where latencies are not measured. */
  callsUnderWay(): CallKey[] {
    const calls: CallKey[] = [];
    if (!this.#timed) return calls;
    for (const { count, values } of this.#maps.under_way.batches()) {
      for (let row = 0; row < count; row++) {
        const call = readCallUnderWay(values, row * CALL_UNDER_WAY_BYTES);
        if (call !== undefined) calls.push(call);
      }
    }
    return calls;
  }

  #takeNames(map: Loaded["maps"]["names_0"]): void {
    for (const { count, keys, values } of map.takeBatches()) {
      for (let row = 0; row < count; row++) {
        const name = readName(values, row * PROCESS_NAME_BYTES);
        this.#processNames.learn(readProcessKey(keys, row * PROCESS_KEY_BYTES), name);
      }
    }
  }

  #takeDurations(map: Loaded["maps"]["durations_0"]): void {
    for (const { count, keys, values } of map.takeBatches()) {
      for (let row = 0; row < count; row++) {
        this.#store.add(readCallKey(keys, row * CALL_KEY_BYTES), readDurations(values, row * DURATIONS_BYTES));
      }
    }
  }

  #takeCounts(map: KeyedMap<unknown, bigint>): void {
    for (const { count, keys, values } of map.takeBatches()) {
      for (let row = 0; row < count; row++) {
        const calls = readCount(values, row * COUNT_BYTES);
        this.#store.add(readCallKey(keys, row * CALL_KEY_BYTES), { calls, totalNs: 0, maxNs: 0, histogram: [] });
      }
    }
  }

  #takeErrors(map: KeyedMap<unknown, bigint>): void {
    for (const { count, keys, values } of map.takeBatches()) {
      for (let row = 0; row < count; row++) {
        const { error, ...key } = readErrorKey(keys, row * ERROR_KEY_BYTES);
        this.#store.addErrors(key, error, readCount(values, row * COUNT_BYTES));
      }
    }
  }
}

interface Sums {
  readonly calls: number;
  readonly errors: number;
}

function sumOf(perCpu: readonly Unattributed[]): Sums {
  let calls = 0;
  let errors = 0;
  for (const ofCpu of perCpu) {
    calls += Number(ofCpu.calls);
    errors += Number(ofCpu.errors);
  }
  return { calls, errors };
}
