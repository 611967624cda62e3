// Written by `skep-ebpf generate syscalls.bpf.o`: change the object's source, not this.

import { readFileSync } from "node:fs";
import {
  Collection,
  type KeyedMap,
  type LoadOptions,
  type Program,
  type RingBufferMap,
  type TypedGlobals,
} from "@skep/ebpf";

/** `struct front_count`: 24 bytes. */
export interface FrontCount {
  key: CallKey;
  unused: number;
  calls: bigint;
}

/** `struct call_key`: 12 bytes. */
export interface CallKey {
  process: ProcessKey;
  call: number;
  cpu: number;
}

/** `struct process_key`: 8 bytes. */
export interface ProcessKey {
  pid: number;
  started: number;
}

/** `struct front_durations`: 232 bytes. */
export interface FrontDurations {
  key: CallKey;
  unused: number;
  durations: Durations;
}

/** `struct durations`: 216 bytes. */
export interface Durations {
  calls: bigint;
  total_ns: bigint;
  max_ns: bigint;
  histogram: number[];
}

/** `struct error_key`: 16 bytes. */
export interface ErrorKey {
  call: CallKey;
  error: number;
}

/** `struct process_name`: 16 bytes. */
export interface ProcessName {
  name: string;
}

/** `struct unattributed`: 16 bytes. */
export interface Unattributed {
  calls: bigint;
  errors: bigint;
}

/** `struct counters`: 40 bytes. */
export interface Counters {
  start_not_seen: bigint;
  targets_full: bigint;
  names_full: bigint;
  events_full: bigint;
  unattributed: bigint;
}

/** `struct call_under_way`: 24 bytes. */
export interface CallUnderWay {
  thread_and_call: bigint;
  since_ns: bigint;
  process: ProcessKey;
}

/** Global variables. */
export interface Variables {
  filter_targets: boolean;
  follow_children: boolean;
  filter_cgroup: boolean;
  cgroup_id: bigint;
  cgroup_level: number;
  timed: boolean;
  front_bits: number;
  filling_rows: number;
  call_traits: Uint8Array;
  call_sigreturn: number;
  call_sigreturn_compat: number;
  zero: number;
  no_durations: Durations;
  no_calls: bigint;
  active: number;
  rows_made: number;
  asked_to_flip: boolean;
}

export interface Options extends LoadOptions {
  readonly globals?: Partial<Variables>;
}

/** The object in the kernel, until it is disposed of. */
export interface Loaded extends Disposable, AsyncDisposable {
  readonly collection: Collection;
  readonly maps: {
    readonly targets: KeyedMap<number, number>;
    readonly front_counts_0: KeyedMap<number, FrontCount>;
    readonly front_counts_1: KeyedMap<number, FrontCount>;
    readonly counts_0: KeyedMap<CallKey, bigint>;
    readonly counts_1: KeyedMap<CallKey, bigint>;
    readonly front_durations_0: KeyedMap<number, FrontDurations>;
    readonly front_durations_1: KeyedMap<number, FrontDurations>;
    readonly durations_0: KeyedMap<CallKey, Durations>;
    readonly durations_1: KeyedMap<CallKey, Durations>;
    readonly errors_0: KeyedMap<ErrorKey, bigint>;
    readonly errors_1: KeyedMap<ErrorKey, bigint>;
    readonly names_0: KeyedMap<ProcessKey, ProcessName>;
    readonly names_1: KeyedMap<ProcessKey, ProcessName>;
    readonly unattributed: KeyedMap<number, Unattributed[]>;
    readonly counters: KeyedMap<number, Counters[]>;
    readonly events: RingBufferMap;
    readonly under_way: KeyedMap<number, CallUnderWay>;
    readonly more_under_way: KeyedMap<number, CallUnderWay>;
  };
  readonly programs: {
    readonly on_return: Program | undefined;
    readonly on_timed_return: Program | undefined;
    readonly on_return_unpreempted: Program | undefined;
    readonly on_timed_return_unpreempted: Program | undefined;
    readonly on_rename: Program | undefined;
    readonly on_start: Program | undefined;
    readonly on_start_unpreempted: Program | undefined;
    readonly on_fork: Program | undefined;
    readonly on_exec: Program;
    readonly on_exit: Program;
  };
  readonly globals: TypedGlobals<Variables>;
}

/** Loads syscalls.bpf.o into the kernel. */
export async function load(options: Options = {}): Promise<Loaded> {
  // At once: four trips to another thread take longer than so small a file.
  const object = readFileSync(new URL("./syscalls.bpf.o", import.meta.url));
  const collection = await Collection.load(object, options);
  return {
    collection,
    maps: {
      targets: collection.maps.get("targets"),
      front_counts_0: collection.maps.get("front_counts_0"),
      front_counts_1: collection.maps.get("front_counts_1"),
      counts_0: collection.maps.get("counts_0"),
      counts_1: collection.maps.get("counts_1"),
      front_durations_0: collection.maps.get("front_durations_0"),
      front_durations_1: collection.maps.get("front_durations_1"),
      durations_0: collection.maps.get("durations_0"),
      durations_1: collection.maps.get("durations_1"),
      errors_0: collection.maps.get("errors_0"),
      errors_1: collection.maps.get("errors_1"),
      names_0: collection.maps.get("names_0"),
      names_1: collection.maps.get("names_1"),
      unattributed: collection.maps.get("unattributed"),
      counters: collection.maps.get("counters"),
      events: collection.maps.ringBuffer("events"),
      under_way: collection.maps.get("under_way"),
      more_under_way: collection.maps.get("more_under_way"),
    },
    programs: {
      on_return: collection.programs.has("on_return") ? collection.programs.get("on_return") : undefined,
      on_timed_return: collection.programs.has("on_timed_return")
        ? collection.programs.get("on_timed_return")
        : undefined,
      on_return_unpreempted: collection.programs.has("on_return_unpreempted")
        ? collection.programs.get("on_return_unpreempted")
        : undefined,
      on_timed_return_unpreempted: collection.programs.has("on_timed_return_unpreempted")
        ? collection.programs.get("on_timed_return_unpreempted")
        : undefined,
      on_rename: collection.programs.has("on_rename") ? collection.programs.get("on_rename") : undefined,
      on_start: collection.programs.has("on_start") ? collection.programs.get("on_start") : undefined,
      on_start_unpreempted: collection.programs.has("on_start_unpreempted")
        ? collection.programs.get("on_start_unpreempted")
        : undefined,
      on_fork: collection.programs.has("on_fork") ? collection.programs.get("on_fork") : undefined,
      on_exec: collection.programs.get("on_exec"),
      on_exit: collection.programs.get("on_exit"),
    },
    globals: collection.globals as TypedGlobals<Variables>,
    [Symbol.dispose]: () => collection[Symbol.dispose](),
    [Symbol.asyncDispose]: () => collection[Symbol.asyncDispose](),
  };
}
