// Written by `skep-ebpf generate processes.bpf.o`: change the object's source, not this.

import { readFileSync } from "node:fs";
import {
  Collection,
  type KeyedMap,
  type LoadOptions,
  type Program,
  type RingBufferMap,
  type TypedGlobals,
} from "@skep/ebpf";

/** `struct cgroup_record`: 4368 bytes. */
export interface CgroupRecord {
  kind: number;
  names_bytes: number;
  id: bigint;
  names: string;
}

/** `struct counters`: 96 bytes. */
export interface Counters {
  starts: bigint;
  execs: bigint;
  exec_failures: bigint;
  exits: bigint;
  starts_lost: bigint;
  execs_lost: bigint;
  exec_failures_lost: bigint;
  exits_lost: bigint;
  cgroups_lost: bigint;
  targets_full: bigint;
  endings_full: bigint;
  process_times_full: bigint;
}

/** `struct ending`: 128 bytes. */
export interface Ending {
  record: ExitRecord;
  counted_ns: bigint;
  may_be_last: boolean;
  one_of_many: boolean;
}

/** `struct exit_record`: 112 bytes. */
export interface ExitRecord {
  process: ProcessRecord;
  lifetime_ns: bigint;
  peak_resident_pages: bigint;
  took: Times;
  exit_code: number;
  unused: number;
}

/** `struct process_record`: 48 bytes. */
export interface ProcessRecord {
  kind: number;
  pid: number;
  parent_pid: number;
  user_id: number;
  time_ns: bigint;
  cgroup_id: bigint;
  name: string;
}

/** `struct times`: 40 bytes. */
export interface Times {
  cpu_ns: bigint;
  read_bytes: bigint;
  written_bytes: bigint;
  read_chars: bigint;
  written_chars: bigint;
}

/** `struct exec_scratch`: 24712 bytes. */
export interface ExecScratch {
  walk: PathWalk;
  record: ExecRecord;
}

/** `struct path_walk`: 48 bytes. */
export interface PathWalk {
  dentry: bigint;
  mount: bigint;
  root_dentry: bigint;
  root_mount: bigint;
  start: number;
  end: number;
  flags: number;
  moved: boolean;
  unused: Uint8Array;
}

/** `struct exec_record`: 24664 bytes. */
export interface ExecRecord {
  process: ProcessRecord;
  error: number;
  directory_fd: number;
  argument_count: number;
  arguments_whole: number;
  executable_flags: number;
  directory_flags: number;
  path_bytes: number;
  executable_bytes: number;
  directory_bytes: number;
  arguments_bytes: number;
  data: string;
}

/** `struct occurrence`: 16 bytes. */
export interface Occurrence {
  task: bigint;
  kind: bigint;
}

/** `struct process_times`: 48 bytes. */
export interface ProcessTimes {
  sums: Times;
  unknown_endings: bigint;
}

/** Global variables. */
export interface Variables {
  filter_targets: boolean;
  follow_children: boolean;
  filter_cgroup: boolean;
  cgroup_id: bigint;
  cgroup_level: number;
  wake_up_bytes: bigint;
  zero: number;
}

export interface Options extends LoadOptions {
  readonly globals?: Partial<Variables>;
}

/** The object in the kernel, until it is disposed of. */
export interface Loaded extends Disposable, AsyncDisposable {
  readonly collection: Collection;
  readonly maps: {
    readonly cgroup_scratch: KeyedMap<number, CgroupRecord[]>;
    readonly known_cgroups: KeyedMap<bigint, number>;
    readonly events: RingBufferMap;
    readonly counters: KeyedMap<number, Counters[]>;
    readonly endings: KeyedMap<bigint, Ending>;
    readonly exec_scratch: KeyedMap<number, ExecScratch[]>;
    readonly targets: KeyedMap<number, number>;
    readonly seen: KeyedMap<Occurrence, bigint>;
    readonly process_times: KeyedMap<number, ProcessTimes>;
  };
  readonly programs: {
    readonly on_fork: Program;
    readonly on_fork_second: Program;
    readonly on_exec: Program;
    readonly on_exec_second: Program;
    readonly on_sys_exit: Program | undefined;
    readonly on_sys_exit_unpreempted: Program | undefined;
    readonly on_exit: Program;
    readonly on_exit_second: Program;
    readonly on_switch: Program;
  };
  readonly globals: TypedGlobals<Variables>;
}

/** Loads processes.bpf.o into the kernel. */
export async function load(options: Options = {}): Promise<Loaded> {
  // At once: four trips to another thread take longer than so small a file.
  const object = readFileSync(new URL("./processes.bpf.o", import.meta.url));
  const collection = await Collection.load(object, options);
  return {
    collection,
    maps: {
      cgroup_scratch: collection.maps.get("cgroup_scratch"),
      known_cgroups: collection.maps.get("known_cgroups"),
      events: collection.maps.ringBuffer("events"),
      counters: collection.maps.get("counters"),
      endings: collection.maps.get("endings"),
      exec_scratch: collection.maps.get("exec_scratch"),
      targets: collection.maps.get("targets"),
      seen: collection.maps.get("seen"),
      process_times: collection.maps.get("process_times"),
    },
    programs: {
      on_fork: collection.programs.get("on_fork"),
      on_fork_second: collection.programs.get("on_fork_second"),
      on_exec: collection.programs.get("on_exec"),
      on_exec_second: collection.programs.get("on_exec_second"),
      on_sys_exit: collection.programs.has("on_sys_exit") ? collection.programs.get("on_sys_exit") : undefined,
      on_sys_exit_unpreempted: collection.programs.has("on_sys_exit_unpreempted")
        ? collection.programs.get("on_sys_exit_unpreempted")
        : undefined,
      on_exit: collection.programs.get("on_exit"),
      on_exit_second: collection.programs.get("on_exit_second"),
      on_switch: collection.programs.get("on_switch"),
    },
    globals: collection.globals as TypedGlobals<Variables>,
    [Symbol.dispose]: () => collection[Symbol.dispose](),
    [Symbol.asyncDispose]: () => collection[Symbol.asyncDispose](),
  };
}
