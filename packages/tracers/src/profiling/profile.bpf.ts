// Written by `skep-ebpf generate profile.bpf.o`: change the object's source, not this.

import { readFileSync } from "node:fs";
import {
  Collection,
  type KeyedMap,
  type LoadOptions,
  type Program,
  type RingBufferMap,
  type TypedGlobals,
} from "@skep/ebpf";

/** `struct counters`: 72 bytes. */
export interface Counters {
  seen: bigint;
  counted: bigint;
  counts_full: bigint;
  stacks_full: bigint;
  blocked_full: bigint;
  truncated: bigint;
  before_start: bigint;
  targets_full: bigint;
  events_full: bigint;
}

/** `struct stack`: 1024 bytes. */
export interface Stack {
  depth: number;
  unused: number;
  frames: bigint[];
}

/** `struct blocked`: 56 bytes. */
export interface Blocked {
  sample: SampleKey;
  since_ns: bigint;
}

/** `struct sample_key`: 48 bytes. */
export interface SampleKey {
  kernel_stack: bigint;
  user_stack: bigint;
  image_ns: bigint;
  pid: number;
  tid: number;
  thread_name: string;
}

/** `struct sample_value`: 16 bytes. */
export interface SampleValue {
  count: bigint;
  duration_ns: bigint;
}

/** Global variables. */
export interface Variables {
  filter_targets: boolean;
  follow_children: boolean;
  filter_cgroup: boolean;
  cgroup_id: bigint;
  cgroup_level: number;
  zero: number;
  active: number;
  started_ns: bigint;
}

export interface Options extends LoadOptions {
  readonly globals?: Partial<Variables>;
}

/** The object in the kernel, until it is disposed of. */
export interface Loaded extends Disposable, AsyncDisposable {
  readonly collection: Collection;
  readonly maps: {
    readonly counters: KeyedMap<number, Counters[]>;
    readonly iterator_scratch: KeyedMap<number, Stack>;
    readonly blocked: KeyedMap<number, Blocked>;
    readonly targets: KeyedMap<number, number>;
    readonly counts_0: KeyedMap<SampleKey, SampleValue>;
    readonly counts_1: KeyedMap<SampleKey, SampleValue>;
    readonly stacks_0: KeyedMap<bigint, Stack>;
    readonly stacks_1: KeyedMap<bigint, Stack>;
    readonly scratch: KeyedMap<number, Stack[]>;
    readonly images: KeyedMap<number, bigint>;
    readonly events: RingBufferMap;
  };
  readonly programs: {
    readonly on_sample: Program | undefined;
    readonly on_switch: Program | undefined;
    readonly seed_blocked: Program | undefined;
    readonly on_fork: Program | undefined;
    readonly on_exec: Program;
    readonly on_exit: Program;
  };
  readonly globals: TypedGlobals<Variables>;
}

/** Loads profile.bpf.o into the kernel. */
export async function load(options: Options = {}): Promise<Loaded> {
  // At once: four trips to another thread take longer than so small a file.
  const object = readFileSync(new URL("./profile.bpf.o", import.meta.url));
  const collection = await Collection.load(object, options);
  return {
    collection,
    maps: {
      counters: collection.maps.get("counters"),
      iterator_scratch: collection.maps.get("iterator_scratch"),
      blocked: collection.maps.get("blocked"),
      targets: collection.maps.get("targets"),
      counts_0: collection.maps.get("counts_0"),
      counts_1: collection.maps.get("counts_1"),
      stacks_0: collection.maps.get("stacks_0"),
      stacks_1: collection.maps.get("stacks_1"),
      scratch: collection.maps.get("scratch"),
      images: collection.maps.get("images"),
      events: collection.maps.ringBuffer("events"),
    },
    programs: {
      on_sample: collection.programs.has("on_sample") ? collection.programs.get("on_sample") : undefined,
      on_switch: collection.programs.has("on_switch") ? collection.programs.get("on_switch") : undefined,
      seed_blocked: collection.programs.has("seed_blocked") ? collection.programs.get("seed_blocked") : undefined,
      on_fork: collection.programs.has("on_fork") ? collection.programs.get("on_fork") : undefined,
      on_exec: collection.programs.get("on_exec"),
      on_exit: collection.programs.get("on_exit"),
    },
    globals: collection.globals as TypedGlobals<Variables>,
    [Symbol.dispose]: () => collection[Symbol.dispose](),
    [Symbol.asyncDispose]: () => collection[Symbol.asyncDispose](),
  };
}
