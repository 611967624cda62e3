// Written by `skep-ebpf generate requests.bpf.o`: change the object's source, not this.

import { readFileSync } from "node:fs";
import {
  Collection,
  type DescriptorMap,
  type KeyedMap,
  type LoadOptions,
  type Program,
  type RingBufferMap,
  type TypedGlobals,
} from "@skep/ebpf";

/** `struct thread`: 136 bytes. */
export interface Thread {
  pid: number;
  image: number;
  process_name: string;
  busy: boolean;
  direction: number;
  transport: number;
  in_function: boolean;
  sequence: number;
  start_ns: bigint;
  key: StreamKey;
  socket: bigint;
  sk: bigint;
  moved: Moved;
}

/** `struct stream_key`: 16 bytes. */
export interface StreamKey {
  address: bigint;
  number: bigint;
}

/** `struct moved`: 64 bytes. */
export interface Moved {
  buffer: Buffer;
  length: bigint;
  readable: bigint;
  name: bigint;
  end_ns: bigint;
  segment_bytes: number;
  unused: number;
}

/** `struct buffer`: 24 bytes. */
export interface Buffer {
  kind: number;
  count: number;
  address: bigint;
  offset: bigint;
}

/** `struct scratch`: 73952 bytes. */
export interface Scratch {
  users: number;
  framing: number;
  rest: bigint;
  skipped: bigint;
  done: bigint;
  index: number;
  unused: number;
  segment_address: bigint;
  segment_length: bigint;
  framing_last: bigint;
  record: Record;
}

/** `struct record`: 73888 bytes. */
export interface Record {
  kind: number;
  direction: number;
  flags: number;
  unused: number;
  key: StreamKey;
  carrier: StreamKey;
  pid: number;
  image: number;
  process_name: string;
  start_ns: bigint;
  end_ns: bigint;
  since_ns: bigint;
  length: bigint;
  position: number;
  skipped: number;
  data_bytes: number;
  error: number;
  endpoints: Endpoints;
  first_positions: number[];
  data: Uint8Array;
}

/** `struct endpoints`: 40 bytes. */
export interface Endpoints {
  local: Uint8Array;
  peer: Uint8Array;
  local_port: number;
  peer_port: number;
  family: number;
  transport: number;
}

/** `struct counters`: 144 bytes. */
export interface Counters {
  payloads: bigint;
  payloads_lost: bigint;
  payload_bytes_lost: bigint;
  server_requests_lost: bigint;
  client_requests_lost: bigint;
  bodies_left_out: bigint;
  datagrams_lost: bigint;
  ends_lost: bigint;
  unreadable: bigint;
  scratch_busy: bigint;
  threads_full: bigint;
  targets_full: bigint;
  flows_full: bigint;
  messages_not_seen: bigint;
  multipath_not_seen: bigint;
  smc_not_seen: bigint;
  compat_not_seen: bigint;
  io_uring_not_seen: bigint;
}

/** `struct tls_thread`: 488 bytes. */
export interface TlsThread {
  depth: number;
  calls: TlsCall[];
  read: TlsSocket;
  read_buffer: bigint;
  read_bytes: bigint;
  reader: bigint;
  record_bytes: number[];
  writer: bigint;
  writer_bytes: bigint;
  written: TlsSocket;
  carrier: Stream;
}

/** `struct tls_call`: 112 bytes. */
export interface TlsCall {
  session: bigint;
  buffer: bigint;
  size_bytes: bigint;
  done_at: bigint;
  stack: bigint;
  start_ns: bigint;
  socket: TlsSocket;
  direction: number;
  used_several: boolean;
  wide: boolean;
  from_read: boolean;
}

/** `struct tls_socket`: 56 bytes. */
export interface TlsSocket {
  key: StreamKey;
  endpoints: Endpoints;
}

/** `struct stream`: 88 bytes. */
export interface Stream {
  kind: number;
  flags: number;
  since_ns: bigint;
  positions: number[];
  framings: Uint8Array;
  unused: Uint8Array;
  endpoints: Endpoints;
  carrier: StreamKey;
}

/** `struct verdict`: 24 bytes. */
export interface Verdict {
  unwanted: number[];
  skips: Skip[];
}

/** `struct skip`: 8 bytes. */
export interface Skip {
  from: number;
  until: number;
}

/** `struct flow`: 48 bytes. */
export interface Flow {
  totals: FlowTotals;
  process_name: string;
}

/** `struct flow_totals`: 32 bytes. */
export interface FlowTotals {
  sent_datagrams: bigint;
  sent_bytes: bigint;
  received_datagrams: bigint;
  received_bytes: bigint;
}

/** `struct flow_key`: 48 bytes. */
export interface FlowKey {
  pid: number;
  image: number;
  local: Uint8Array;
  peer: Uint8Array;
  local_port: number;
  peer_port: number;
  family: number;
  unused: number;
}

/** `struct tls_session`: 152 bytes. */
export interface TlsSession {
  stream: Stream;
  candidate: TlsSocket;
  candidate_by: number;
  connection: number;
  by_library: boolean;
  unused: Uint8Array;
}

/** `struct tls_counters`: 56 bytes. */
export interface TlsCounters {
  sessions: bigint;
  sessions_known: bigint;
  conflicts: bigint;
  several_sockets: bigint;
  threads_full: bigint;
  nested_too_deep: bigint;
  unreturned: bigint;
}

/** `struct call`: 4 bytes. */
export interface Call {
  kind: number;
  direction: number;
  flags: number;
  name: number;
}

/** Global variables. */
export interface Variables {
  filter_targets: boolean;
  follow_children: boolean;
  filter_cgroup: boolean;
  cgroup_id: bigint;
  cgroup_level: number;
  own_pid: number;
  crowded_bytes: bigint;
  wake_up_bytes: bigint;
  scratch_places: number;
  zero: number;
  trace_tls: boolean;
  tls_fresh_thread: TlsThread;
  tls_fresh_session: TlsSession;
  calls: Call[];
  compat_calls: Call[];
  sees_functions: boolean;
  sees_requests: boolean;
  receive_flags_at: number;
  receive_result_at: number;
  socket_operations: bigint;
  active: number;
}

export interface Options extends LoadOptions {
  readonly globals?: Partial<Variables>;
}

/** The object in the kernel, until it is disposed of. */
export interface Loaded extends Disposable, AsyncDisposable {
  readonly collection: Collection;
  readonly maps: {
    readonly threads: KeyedMap<number, Thread>;
    readonly scratch: KeyedMap<number, Scratch>;
    readonly counters: KeyedMap<number, Counters[]>;
    readonly tls_threads: KeyedMap<number, TlsThread>;
    readonly verdicts: KeyedMap<StreamKey, Verdict>;
    readonly streams: KeyedMap<StreamKey, Stream>;
    readonly talkers: KeyedMap<number, number>;
    readonly targets: KeyedMap<number, number>;
    readonly events: RingBufferMap;
    readonly flows_0: KeyedMap<FlowKey, Flow>;
    readonly flows_1: KeyedMap<FlowKey, Flow>;
    readonly unattributed: KeyedMap<number, FlowTotals[]>;
    readonly tls_sessions: KeyedMap<StreamKey, TlsSession>;
    readonly tls_owners: KeyedMap<StreamKey, StreamKey>;
    readonly tls_hits: KeyedMap<number, bigint>;
    readonly tls_counters: KeyedMap<number, TlsCounters[]>;
    readonly tls_no_programs: DescriptorMap;
  };
  readonly programs: {
    readonly on_tls_entry: Program | undefined;
    readonly on_tls_return: Program | undefined;
    readonly on_tls_read: Program | undefined;
    readonly on_tls_write: Program | undefined;
    readonly on_tls_read_ex: Program | undefined;
    readonly on_tls_write_ex: Program | undefined;
    readonly on_tls_write_ex2: Program | undefined;
    readonly on_tls_receive: Program | undefined;
    readonly on_tls_send: Program | undefined;
    readonly on_tls_handshake: Program | undefined;
    readonly on_tls_end: Program | undefined;
    readonly on_tls_one_return: Program | undefined;
    readonly on_enter: Program | undefined;
    readonly on_enter_unpreempted: Program | undefined;
    readonly on_exit: Program | undefined;
    readonly on_exit_unpreempted: Program | undefined;
    readonly on_tcp_send: Program | undefined;
    readonly on_tcp_send_second: Program | undefined;
    readonly on_tcp_sent: Program | undefined;
    readonly on_tcp_sent_second: Program | undefined;
    readonly on_tcp_receive: Program | undefined;
    readonly on_tcp_receive_second: Program | undefined;
    readonly on_tcp_received: Program | undefined;
    readonly on_tcp_received_second: Program | undefined;
    readonly on_tcp_close: Program | undefined;
    readonly on_tcp_close_second: Program | undefined;
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

/** Loads requests.bpf.o into the kernel. */
export async function load(options: Options = {}): Promise<Loaded> {
  // At once: four trips to another thread take longer than so small a file.
  const object = readFileSync(new URL("./requests.bpf.o", import.meta.url));
  const collection = await Collection.load(object, options);
  return {
    collection,
    maps: {
      threads: collection.maps.get("threads"),
      scratch: collection.maps.get("scratch"),
      counters: collection.maps.get("counters"),
      tls_threads: collection.maps.get("tls_threads"),
      verdicts: collection.maps.get("verdicts"),
      streams: collection.maps.get("streams"),
      talkers: collection.maps.get("talkers"),
      targets: collection.maps.get("targets"),
      events: collection.maps.ringBuffer("events"),
      flows_0: collection.maps.get("flows_0"),
      flows_1: collection.maps.get("flows_1"),
      unattributed: collection.maps.get("unattributed"),
      tls_sessions: collection.maps.get("tls_sessions"),
      tls_owners: collection.maps.get("tls_owners"),
      tls_hits: collection.maps.get("tls_hits"),
      tls_counters: collection.maps.get("tls_counters"),
      tls_no_programs: collection.maps.descriptors("tls_no_programs"),
    },
    programs: {
      on_tls_entry: collection.programs.has("on_tls_entry") ? collection.programs.get("on_tls_entry") : undefined,
      on_tls_return: collection.programs.has("on_tls_return") ? collection.programs.get("on_tls_return") : undefined,
      on_tls_read: collection.programs.has("on_tls_read") ? collection.programs.get("on_tls_read") : undefined,
      on_tls_write: collection.programs.has("on_tls_write") ? collection.programs.get("on_tls_write") : undefined,
      on_tls_read_ex: collection.programs.has("on_tls_read_ex") ? collection.programs.get("on_tls_read_ex") : undefined,
      on_tls_write_ex: collection.programs.has("on_tls_write_ex")
        ? collection.programs.get("on_tls_write_ex")
        : undefined,
      on_tls_write_ex2: collection.programs.has("on_tls_write_ex2")
        ? collection.programs.get("on_tls_write_ex2")
        : undefined,
      on_tls_receive: collection.programs.has("on_tls_receive") ? collection.programs.get("on_tls_receive") : undefined,
      on_tls_send: collection.programs.has("on_tls_send") ? collection.programs.get("on_tls_send") : undefined,
      on_tls_handshake: collection.programs.has("on_tls_handshake")
        ? collection.programs.get("on_tls_handshake")
        : undefined,
      on_tls_end: collection.programs.has("on_tls_end") ? collection.programs.get("on_tls_end") : undefined,
      on_tls_one_return: collection.programs.has("on_tls_one_return")
        ? collection.programs.get("on_tls_one_return")
        : undefined,
      on_enter: collection.programs.has("on_enter") ? collection.programs.get("on_enter") : undefined,
      on_enter_unpreempted: collection.programs.has("on_enter_unpreempted")
        ? collection.programs.get("on_enter_unpreempted")
        : undefined,
      on_exit: collection.programs.has("on_exit") ? collection.programs.get("on_exit") : undefined,
      on_exit_unpreempted: collection.programs.has("on_exit_unpreempted")
        ? collection.programs.get("on_exit_unpreempted")
        : undefined,
      on_tcp_send: collection.programs.has("on_tcp_send") ? collection.programs.get("on_tcp_send") : undefined,
      on_tcp_send_second: collection.programs.has("on_tcp_send_second")
        ? collection.programs.get("on_tcp_send_second")
        : undefined,
      on_tcp_sent: collection.programs.has("on_tcp_sent") ? collection.programs.get("on_tcp_sent") : undefined,
      on_tcp_sent_second: collection.programs.has("on_tcp_sent_second")
        ? collection.programs.get("on_tcp_sent_second")
        : undefined,
      on_tcp_receive: collection.programs.has("on_tcp_receive") ? collection.programs.get("on_tcp_receive") : undefined,
      on_tcp_receive_second: collection.programs.has("on_tcp_receive_second")
        ? collection.programs.get("on_tcp_receive_second")
        : undefined,
      on_tcp_received: collection.programs.has("on_tcp_received")
        ? collection.programs.get("on_tcp_received")
        : undefined,
      on_tcp_received_second: collection.programs.has("on_tcp_received_second")
        ? collection.programs.get("on_tcp_received_second")
        : undefined,
      on_tcp_close: collection.programs.has("on_tcp_close") ? collection.programs.get("on_tcp_close") : undefined,
      on_tcp_close_second: collection.programs.has("on_tcp_close_second")
        ? collection.programs.get("on_tcp_close_second")
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
