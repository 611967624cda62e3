// Written by `skep-ebpf generate connections.bpf.o`: change the object's source, not this.

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

/** `struct counters`: 104 bytes. */
export interface Counters {
  opened: bigint;
  closed: bigint;
  failed: bigint;
  opened_lost: bigint;
  closed_lost: bigint;
  failed_lost: bigint;
  connections_full: bigint;
  cgroups_lost: bigint;
  targets_full: bigint;
  never_accepted: bigint;
  syn_ack_retransmits: bigint;
  resets_sent: bigint;
  resets_received: bigint;
}

/** `struct connection`: 88 bytes. */
export interface Connection {
  start_ns: bigint;
  established_ns: bigint;
  accepted_ns: bigint;
  closed_ns: bigint;
  inode: bigint;
  owner: Owner;
  flags: number;
  error: number;
  transport: number;
  role: number;
  state: number;
  unused: number;
  unused_too: number;
}

/** `struct owner`: 32 bytes. */
export interface Owner {
  cgroup_id: bigint;
  pid: number;
  tid: number;
  name: string;
}

/** `struct live_record`: 352 bytes. */
export interface LiveRecord {
  base: ConnectionRecord;
  traffic: Traffic;
  path: string;
  unused: number;
}

/** `struct connection_record`: 152 bytes. */
export interface ConnectionRecord {
  kind: number;
  network_namespace: number;
  socket: bigint;
  time_ns: bigint;
  connection: Connection;
  local_port: number;
  peer_port: number;
  socket_state: number;
  family: number;
  path_bytes: number;
  local_address: number[];
  peer_address: number[];
}

/** `struct traffic`: 88 bytes. */
export interface Traffic {
  sent_bytes: bigint;
  retransmitted_bytes: bigint;
  acknowledged_bytes: bigint;
  received_bytes: bigint;
  sent_segments: number;
  sent_data_segments: number;
  received_segments: number;
  received_data_segments: number;
  retransmits: number;
  round_trip_us: number;
  round_trip_deviation_us: number;
  lowest_round_trip_us: number;
  congestion_window: number;
  send_queue_bytes: number;
  receive_queue_bytes: number;
  drops: number;
  queued: number;
  capacity: number;
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
  socket_operations: bigint;
  adopt_only: boolean;
  live: LiveRecord[];
  asked: bigint[];
  asked_count: number;
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
    readonly connections: KeyedMap<bigint, Connection>;
    readonly targets: KeyedMap<number, number>;
  };
  readonly programs: {
    readonly on_state: Program;
    readonly on_state_second: Program;
    readonly on_destroy: Program;
    readonly on_destroy_second: Program;
    readonly on_call: Program | undefined;
    readonly on_call_unpreempted: Program | undefined;
    readonly on_retransmit_synack: Program;
    readonly on_send_reset: Program;
    readonly on_receive_reset: Program;
    readonly on_fork: Program | undefined;
    readonly on_exec: Program | undefined;
    readonly on_exit: Program | undefined;
    readonly on_file: Program;
    readonly on_asked: Program;
  };
  readonly globals: TypedGlobals<Variables>;
}

/** Loads connections.bpf.o into the kernel. */
export async function load(options: Options = {}): Promise<Loaded> {
  // At once: four trips to another thread take longer than so small a file.
  const object = readFileSync(new URL("./connections.bpf.o", import.meta.url));
  const collection = await Collection.load(object, options);
  return {
    collection,
    maps: {
      cgroup_scratch: collection.maps.get("cgroup_scratch"),
      known_cgroups: collection.maps.get("known_cgroups"),
      events: collection.maps.ringBuffer("events"),
      counters: collection.maps.get("counters"),
      connections: collection.maps.get("connections"),
      targets: collection.maps.get("targets"),
    },
    programs: {
      on_state: collection.programs.get("on_state"),
      on_state_second: collection.programs.get("on_state_second"),
      on_destroy: collection.programs.get("on_destroy"),
      on_destroy_second: collection.programs.get("on_destroy_second"),
      on_call: collection.programs.has("on_call") ? collection.programs.get("on_call") : undefined,
      on_call_unpreempted: collection.programs.has("on_call_unpreempted")
        ? collection.programs.get("on_call_unpreempted")
        : undefined,
      on_retransmit_synack: collection.programs.get("on_retransmit_synack"),
      on_send_reset: collection.programs.get("on_send_reset"),
      on_receive_reset: collection.programs.get("on_receive_reset"),
      on_fork: collection.programs.has("on_fork") ? collection.programs.get("on_fork") : undefined,
      on_exec: collection.programs.has("on_exec") ? collection.programs.get("on_exec") : undefined,
      on_exit: collection.programs.has("on_exit") ? collection.programs.get("on_exit") : undefined,
      on_file: collection.programs.get("on_file"),
      on_asked: collection.programs.get("on_asked"),
    },
    globals: collection.globals as TypedGlobals<Variables>,
    [Symbol.dispose]: () => collection[Symbol.dispose](),
    [Symbol.asyncDispose]: () => collection[Symbol.asyncDispose](),
  };
}
