// Written by `skep-ebpf generate files.bpf.o`: change the object's source, not this.

import { readFileSync } from "node:fs";
import {
  Collection,
  type KeyedMap,
  type LoadOptions,
  type Program,
  type RingBufferMap,
  type TypedGlobals,
} from "@skep/ebpf";

/** `struct scratch`: 8664 bytes. */
export interface Scratch {
  used: UsedFile;
  task: bigint;
  wakeup: bigint;
  walk: PathWalk;
  record: FileRecord;
}

/** `struct used_file`: 64 bytes. */
export interface UsedFile {
  key: FileKey;
  dentry: bigint;
  mount: bigint;
  super: bigint;
}

/** `struct file_key`: 40 bytes. */
export interface FileKey {
  inode: bigint;
  name: bigint;
  device: number;
  generation: number;
  pid: number;
  image: number;
  kind: number;
  error: number;
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

/** `struct file_record`: 8536 bytes. */
export interface FileRecord {
  event: number;
  path_flags: number;
  key: FileKey;
  process_name: string;
  file_system: string;
  asked_bytes: number;
  text_bytes: number;
  text: string;
}

/** `struct row`: 88 bytes. */
export interface Row {
  totals: Totals;
  described: bigint;
}

/** `struct totals`: 80 bytes. */
export interface Totals {
  opens: bigint;
  reads: bigint;
  writes: bigint;
  syncs: bigint;
  read_bytes: bigint;
  written_bytes: bigint;
  open_ns: bigint;
  read_ns: bigint;
  write_ns: bigint;
  sync_ns: bigint;
}

/** `struct counters`: 48 bytes. */
export interface Counters {
  threads_full: bigint;
  slow_full: bigint;
  started_before: bigint;
  io_uring_not_seen: bigint;
  async_not_seen: bigint;
  targets_full: bigint;
}

/** `struct thread`: 152 bytes. */
export interface Thread {
  busy: boolean;
  told: boolean;
  start_ns: bigint;
  offset: bigint;
  files: UsedFile[];
}

/** `struct call`: 4 bytes. */
export interface Call {
  kind: number;
  file: number;
  other: number;
  offset: number;
}

/** Global variables. */
export interface Variables {
  filter_targets: boolean;
  follow_children: boolean;
  filter_cgroup: boolean;
  cgroup_id: bigint;
  cgroup_level: number;
  filter_file_systems: boolean;
  slow_ns: bigint;
  nearly_full_rows: number;
  calls: Call[];
  compat_calls: Call[];
  zero: number;
  active: number;
  used_rows: number[];
  asked_to_empty: number[];
}

export interface Options extends LoadOptions {
  readonly globals?: Partial<Variables>;
}

/** The object in the kernel, until it is disposed of. */
export interface Loaded extends Disposable, AsyncDisposable {
  readonly collection: Collection;
  readonly maps: {
    readonly scratch: KeyedMap<number, Scratch[]>;
    readonly events: RingBufferMap;
    readonly targets: KeyedMap<number, number>;
    readonly rows_0: KeyedMap<FileKey, Row>;
    readonly rows_1: KeyedMap<FileKey, Row>;
    readonly unattributed: KeyedMap<number, Totals[]>;
    readonly counters: KeyedMap<number, Counters[]>;
    readonly wanted_file_systems: KeyedMap<string, number>;
    readonly file_system_decisions: KeyedMap<bigint, number>;
    readonly requests: KeyedMap<bigint, bigint>;
    readonly threads: KeyedMap<number, Thread>;
  };
  readonly programs: {
    readonly on_enter: Program | undefined;
    readonly on_enter_unpreempted: Program | undefined;
    readonly on_exit: Program | undefined;
    readonly on_exit_unpreempted: Program | undefined;
    readonly on_request: Program | undefined;
    readonly on_request_before_6_4: Program | undefined;
    readonly on_completion: Program | undefined;
    readonly on_completion_with_result: Program | undefined;
    readonly on_fork: Program | undefined;
    readonly on_exec: Program;
    readonly on_thread_exit: Program;
  };
  readonly globals: TypedGlobals<Variables>;
}

/** Loads files.bpf.o into the kernel. */
export async function load(options: Options = {}): Promise<Loaded> {
  // At once: four trips to another thread take longer than so small a file.
  const object = readFileSync(new URL("./files.bpf.o", import.meta.url));
  const collection = await Collection.load(object, options);
  return {
    collection,
    maps: {
      scratch: collection.maps.get("scratch"),
      events: collection.maps.ringBuffer("events"),
      targets: collection.maps.get("targets"),
      rows_0: collection.maps.get("rows_0"),
      rows_1: collection.maps.get("rows_1"),
      unattributed: collection.maps.get("unattributed"),
      counters: collection.maps.get("counters"),
      wanted_file_systems: collection.maps.get("wanted_file_systems"),
      file_system_decisions: collection.maps.get("file_system_decisions"),
      requests: collection.maps.get("requests"),
      threads: collection.maps.get("threads"),
    },
    programs: {
      on_enter: collection.programs.has("on_enter") ? collection.programs.get("on_enter") : undefined,
      on_enter_unpreempted: collection.programs.has("on_enter_unpreempted")
        ? collection.programs.get("on_enter_unpreempted")
        : undefined,
      on_exit: collection.programs.has("on_exit") ? collection.programs.get("on_exit") : undefined,
      on_exit_unpreempted: collection.programs.has("on_exit_unpreempted")
        ? collection.programs.get("on_exit_unpreempted")
        : undefined,
      on_request: collection.programs.has("on_request") ? collection.programs.get("on_request") : undefined,
      on_request_before_6_4: collection.programs.has("on_request_before_6_4")
        ? collection.programs.get("on_request_before_6_4")
        : undefined,
      on_completion: collection.programs.has("on_completion") ? collection.programs.get("on_completion") : undefined,
      on_completion_with_result: collection.programs.has("on_completion_with_result")
        ? collection.programs.get("on_completion_with_result")
        : undefined,
      on_fork: collection.programs.has("on_fork") ? collection.programs.get("on_fork") : undefined,
      on_exec: collection.programs.get("on_exec"),
      on_thread_exit: collection.programs.get("on_thread_exit"),
    },
    globals: collection.globals as TypedGlobals<Variables>,
    [Symbol.dispose]: () => collection[Symbol.dispose](),
    [Symbol.asyncDispose]: () => collection[Symbol.asyncDispose](),
  };
}
