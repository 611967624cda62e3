import type { KeyedMap } from "@skep/ebpf";
import { readCounter, readName } from "../kernel-values.ts";
import type { ProcessNames } from "./process-names.ts";
import type { SyscallStore } from "./syscall-store.ts";
import {
  CALL_KEY_BYTES,
  CALL_UNDER_WAY_BYTES,
  type CallKey,
  type CallSums,
  COUNT_BYTES,
  DURATIONS_BYTES,
  ERROR_KEY_BYTES,
  FRONT_COUNT_BYTES,
  FRONT_DURATIONS_BYTES,
  FRONT_VALUE_OFFSET,
  PROCESS_KEY_BYTES,
  PROCESS_NAME_BYTES,
  readCallKey,
  readCallUnderWay,
  readDurations,
  readErrorKey,
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
    const maps = this.#maps;
    // The store asks for the names of those whose rows it gets.
    this.#takeNames(table === 0 ? maps.names_0 : maps.names_1);
    if (this.#timed) {
      this.#takeFront(table === 0 ? maps.front_durations_0 : maps.front_durations_1, FRONT_DURATIONS_BYTES);
      this.#takeRows(table === 0 ? maps.durations_0 : maps.durations_1, DURATIONS_BYTES);
    } else {
      this.#takeFront(table === 0 ? maps.front_counts_0 : maps.front_counts_1, FRONT_COUNT_BYTES);
      this.#takeRows(table === 0 ? maps.counts_0 : maps.counts_1, COUNT_BYTES);
    }
    this.#takeErrors(table === 0 ? maps.errors_0 : maps.errors_1);
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
    for (const map of [this.#maps.under_way, this.#maps.more_under_way]) {
      for (const { count, values } of map.batches()) {
        for (let row = 0; row < count; row++) {
          const call = readCallUnderWay(values, row * CALL_UNDER_WAY_BYTES);
          if (call !== undefined) calls.push(call);
        }
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

  #takeRows(map: KeyedMap<unknown, unknown>, valueBytes: number): void {
    for (const { count, keys, values } of map.takeBatches()) {
      for (let row = 0; row < count; row++) {
        this.#store.add(readCallKey(keys, row * CALL_KEY_BYTES), this.#readSums(values, row * valueBytes));
      }
    }
  }

  /** An array keeps its elements: those that were in use are cleared. */
  #takeFront(map: KeyedMap<unknown, unknown>, valueBytes: number): void {
    const cleared = new Uint8Array(valueBytes);
    for (const { count, keys, values } of map.batches()) {
      for (let row = 0; row < count; row++) {
        const offset = row * valueBytes;
        if (readCounter(values, offset + FRONT_VALUE_OFFSET) === 0) continue;
        this.#store.add(readCallKey(values, offset), this.#readSums(values, offset + FRONT_VALUE_OFFSET));
        map.setBytes(new Uint8Array(keys.buffer, keys.byteOffset + row * 4, 4), cleared);
      }
    }
  }

  #readSums(values: DataView, offset: number): CallSums {
    if (this.#timed) return readDurations(values, offset);
    return { calls: readCounter(values, offset), totalNs: 0, maxNs: 0, histogram: [] };
  }

  #takeErrors(map: KeyedMap<unknown, bigint>): void {
    for (const { count, keys, values } of map.takeBatches()) {
      for (let row = 0; row < count; row++) {
        const { error, ...key } = readErrorKey(keys, row * ERROR_KEY_BYTES);
        this.#store.addErrors(key, error, readCounter(values, row * COUNT_BYTES));
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
