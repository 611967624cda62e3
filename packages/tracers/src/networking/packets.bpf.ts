// Written by `skep-ebpf generate packets.bpf.o`: change the object's source, not this.

import { readFileSync } from "node:fs";
import { Collection, type KeyedMap, type LoadOptions, type Program, type TypedGlobals } from "@skep/ebpf";

/** `struct packet_sums`: 32 bytes. */
export interface PacketSums {
  buffers: bigint;
  bytes: bigint;
  more_packets: bigint;
  more_bytes: bigint;
}

/** `struct flow_key`: 48 bytes. */
export interface FlowKey {
  network_namespace: number;
  interface: number;
  source: Uint8Array;
  destination: Uint8Array;
  source_port: number;
  destination_port: number;
  direction: number;
  network: number;
  protocol: number;
  transport: number;
}

/** `struct interface_key`: 12 bytes. */
export interface InterfaceKey {
  network_namespace: number;
  interface: number;
  direction: number;
  network: number;
  transport: number;
  unused: number;
}

/** `struct interface_name`: 16 bytes. */
export interface InterfaceName {
  name: string;
}

/** `struct interface_number`: 8 bytes. */
export interface InterfaceNumber {
  network_namespace: number;
  interface: number;
}

/** `struct drop_key`: 8 bytes. */
export interface DropKey {
  reason: number;
  network: number;
  transport: number;
  unused: number;
}

/** `struct retransmits`: 16 bytes. */
export interface Retransmits {
  segments: bigint;
  syn_acks: bigint;
}

/** `struct peer_key`: 24 bytes. */
export interface PeerKey {
  network_namespace: number;
  address: Uint8Array;
  port: number;
  family: number;
}

/** `struct round_trips`: 2056 bytes. */
export interface RoundTrips {
  skip: bigint;
  counts: bigint[];
}

/** Global variables. */
export interface Variables {
  count_flows: boolean;
  rtt_every: number;
  active: number;
}

export interface Options extends LoadOptions {
  readonly globals?: Partial<Variables>;
}

/** The object in the kernel, until it is disposed of. */
export interface Loaded extends Disposable, AsyncDisposable {
  readonly collection: Collection;
  readonly maps: {
    readonly flows_0: KeyedMap<FlowKey, PacketSums>;
    readonly flows_1: KeyedMap<FlowKey, PacketSums>;
    readonly interfaces_0: KeyedMap<InterfaceKey, PacketSums[]>;
    readonly interfaces_1: KeyedMap<InterfaceKey, PacketSums[]>;
    readonly unattributed: KeyedMap<number, PacketSums[]>;
    readonly interface_names: KeyedMap<InterfaceNumber, InterfaceName>;
    readonly drops: KeyedMap<DropKey, bigint[]>;
    readonly other_drops: KeyedMap<number, bigint[]>;
    readonly retransmits_0: KeyedMap<PeerKey, Retransmits>;
    readonly retransmits_1: KeyedMap<PeerKey, Retransmits>;
    readonly other_retransmits: KeyedMap<number, Retransmits[]>;
    readonly round_trips: KeyedMap<number, RoundTrips[]>;
  };
  readonly programs: {
    readonly on_transmit: Program;
    readonly on_refused: Program;
    readonly on_receive: Program;
    readonly on_drop: Program | undefined;
    readonly on_drop_without_reason: Program | undefined;
    readonly on_resend: Program;
    readonly on_resend_syn_ack: Program;
    readonly on_segment: Program;
  };
  readonly globals: TypedGlobals<Variables>;
}

/** Loads packets.bpf.o into the kernel. */
export async function load(options: Options = {}): Promise<Loaded> {
  // At once: four trips to another thread take longer than so small a file.
  const object = readFileSync(new URL("./packets.bpf.o", import.meta.url));
  const collection = await Collection.load(object, options);
  return {
    collection,
    maps: {
      flows_0: collection.maps.get("flows_0"),
      flows_1: collection.maps.get("flows_1"),
      interfaces_0: collection.maps.get("interfaces_0"),
      interfaces_1: collection.maps.get("interfaces_1"),
      unattributed: collection.maps.get("unattributed"),
      interface_names: collection.maps.get("interface_names"),
      drops: collection.maps.get("drops"),
      other_drops: collection.maps.get("other_drops"),
      retransmits_0: collection.maps.get("retransmits_0"),
      retransmits_1: collection.maps.get("retransmits_1"),
      other_retransmits: collection.maps.get("other_retransmits"),
      round_trips: collection.maps.get("round_trips"),
    },
    programs: {
      on_transmit: collection.programs.get("on_transmit"),
      on_refused: collection.programs.get("on_refused"),
      on_receive: collection.programs.get("on_receive"),
      on_drop: collection.programs.has("on_drop") ? collection.programs.get("on_drop") : undefined,
      on_drop_without_reason: collection.programs.has("on_drop_without_reason")
        ? collection.programs.get("on_drop_without_reason")
        : undefined,
      on_resend: collection.programs.get("on_resend"),
      on_resend_syn_ack: collection.programs.get("on_resend_syn_ack"),
      on_segment: collection.programs.get("on_segment"),
    },
    globals: collection.globals as TypedGlobals<Variables>,
    [Symbol.dispose]: () => collection[Symbol.dispose](),
    [Symbol.asyncDispose]: () => collection[Symbol.asyncDispose](),
  };
}
