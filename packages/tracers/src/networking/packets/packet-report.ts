import type { Endpoint } from "../addresses.ts";

/**
 * What went by the interfaces of a machine, in all network namespaces, in plain data.
 *
 * A packet counts on each interface that it goes by: on a host with containers the same one is seen on the container's
 * interface, on its other end, on the bridge and on the network card. Packets that come in for an interface of VLAN,
 * MACVLAN, IPVLAN or bonding count on the interface below it alone, since the kernel doesn't tell when it passes them on.
 * Nowhere counts what an XDP program takes away in the driver, and what goes past the kernel's stack (AF_XDP). A VLAN tag
 * that the network card adds or removes is not among the bytes.
 */
export interface PacketReport {
  /** Start of the time that the report covers, in nanoseconds since 1970. */
  readonly timeUnixNs: bigint;
  readonly durationNs: number;
  /** One for each interface, direction and protocol; most bytes first. */
  readonly interfaces: readonly InterfaceStatistics[];
  /** Most bytes first; empty where flows were not asked for. */
  readonly flows: readonly FlowStatistics[];
  /** What is in `interfaces`, but in none of the `flows`: `interfaces` = `flows` + this, exactly. */
  readonly withoutFlow: PacketCounts;
  /** What is in neither of them, since its interface found no room. */
  readonly unattributed: PacketCounts;
  /** Packets that the kernel threw away, by its own reason; most first. */
  readonly drops: readonly DropStatistics[];
  /** What TCP sent again, by peer; most first. */
  readonly retransmits: readonly RetransmitStatistics[];
  /** Round-trip times to peers elsewhere. */
  readonly rttHistogram: RttHistogram;
  /** Those of connections from this machine to itself. */
  readonly localRttHistogram: RttHistogram;
  /** Packets, or what else is counted, that are in no number above, by reason. */
  readonly lost: Readonly<Record<PacketLossReason, number>>;
  /** What the report is short of, by reason. */
  readonly incomplete: Readonly<Record<PacketIncompleteReason, number>>;
}

/**
 * The kernel handles many segments of a connection as one large packet, which is cut up as late as in the network card
 * (GSO), and put together as early as in the driver (GRO).
 */
export interface PacketCounts {
  /** As they are on the wire: a large packet counts as its segments. */
  readonly packets: number;
  /** Of these, from the link's header on. */
  readonly bytes: number;
  /** As the kernel handles them: a large packet counts as one, as interfaces that are software count it. */
  readonly buffers: number;
  readonly bufferBytes: number;
}

export type PacketDirection = "receive" | "transmit";
export type NetworkProtocol = "ipv4" | "ipv6" | "arp" | "other";
export type TransportProtocol = "tcp" | "udp" | "icmp" | "other";

export interface NetworkInterface {
  readonly name: string;
  readonly index: number;
  /** Number of the network namespace that it is in: the inode of /proc/PID/ns/net. */
  readonly networkNamespace: number;
}

export interface InterfaceStatistics extends PacketCounts {
  readonly interface: NetworkInterface;
  readonly direction: PacketDirection;
  readonly network: NetworkProtocol;
  /** ICMPv6 is `icmp`, too. */
  readonly transport: TransportProtocol;
}

/** Packets with the same addresses and ports, on one interface and in one direction. */
export interface FlowStatistics extends PacketCounts {
  readonly interface: NetworkInterface;
  readonly direction: PacketDirection;
  readonly network: NetworkProtocol;
  readonly transport: TransportProtocol;
  /** Number of the protocol in the header of IP. */
  readonly protocol: number;
  /** Who sent it. The port is 0 where the transport has none, and in fragments but the first. */
  readonly source: Endpoint;
  readonly destination: Endpoint;
}

export interface DropStatistics {
  /**
   * Name in the kernel's `enum skb_drop_reason`, without its prefix: `NO_SOCKET`. {@link NO_REASON} on kernels that give
   * none (before 5.17), where what is thrown away in the normal course of things counts as well.
   */
  readonly reason: string;
  readonly network: NetworkProtocol;
  readonly transport: TransportProtocol;
  /** As the kernel handles them: a large packet counts as one. */
  readonly buffers: number;
}

export const NO_REASON = "not specified by this kernel";

export interface RetransmitStatistics {
  readonly networkNamespace: number;
  readonly peer: Endpoint;
  /** Of data, SYN or FIN. */
  readonly segments: number;
  /** Answers to a SYN. */
  readonly synAcks: number;
}

/**
 * Smoothed round-trip times of connections, as TCP has them when a segment comes in: a connection counts as often as it
 * receives.
 */
export interface RttHistogram {
  readonly samples: number;
  /** Those with samples, in ascending order. */
  readonly buckets: readonly RttBucket[];
}

export interface RttBucket {
  readonly fromNs: number;
  /** The first time that is in it no more. */
  readonly untilNs: number;
  readonly samples: number;
}

/** - `recursion`: the kernel did not run a program, since it was running on that CPU already */
export type PacketLossReason = "recursion";

/**
 * - `flowsFull`: packets (buffers) with addresses whose flow found no room in the kernel, or headers that can't be read
 * - `flowsEvicted`: flows that were left out of the report, the smallest ones, since there are too many
 * - `dropsNotSpecified`: packets thrown away for the reason "not specified", which says nothing: sockets that are closed
 *   do it, too
 * - `dropsFull`, `retransmitsFull`: drops, and segments sent again, whose reason or peer found no room
 */
export type PacketIncompleteReason =
  | "flowsFull"
  | "flowsEvicted"
  | "dropsNotSpecified"
  | "dropsFull"
  | "retransmitsFull";
