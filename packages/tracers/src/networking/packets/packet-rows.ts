/**
 * Reads what the kernel half keeps. The layouts are those of packet-table.h, drops.h and tcp.h, read with a DataView at
 * fixed offsets, since a busy machine makes thousands of rows a second.
 *
 * ```
 * flow_key       0                   4           8        24            40            42                 44          45        46         47
 *                | network_namespace | interface | source | destination | source_port | destination_port | direction | network | protocol | transport | 48
 * interface_key  0                   4           8           9         10
 *                | network_namespace | interface | direction | network | transport | - | 12
 * packet_sums    0         8       16             24
 *                | buffers | bytes | more_packets | more_bytes | 32
 * peer_key       0                   4         20     22
 *                | network_namespace | address | port | family | 24
 * retransmits    0          8
 *                | segments | syn_acks | 16
 * ```
 */

import { bytesAt } from "../../kernel-values.ts";
import { addressText, type Endpoint } from "../addresses.ts";
import type { NetworkProtocol, PacketCounts, PacketDirection, TransportProtocol } from "./packet-report.ts";

export const FLOW_KEY_BYTES = 48;
export const INTERFACE_KEY_BYTES = 12;
export const PACKET_SUMS_BYTES = 32;
export const PEER_KEY_BYTES = 24;
export const RETRANSMITS_BYTES = 16;

const directions = ["receive", "transmit"] as const;
const networks = ["other", "ipv4", "ipv6", "arp"] as const;
const transports = ["other", "tcp", "udp", "icmp"] as const;
const AF_INET = 2;

export function networkProtocol(number: number): NetworkProtocol {
  return networks[number] ?? "other";
}

export function transportProtocol(number: number): TransportProtocol {
  return transports[number] ?? "other";
}

export interface InterfaceKey {
  readonly networkNamespace: number;
  readonly index: number;
  readonly direction: PacketDirection;
  readonly network: NetworkProtocol;
  readonly transport: TransportProtocol;
}

export interface FlowKey extends InterfaceKey {
  readonly protocol: number;
  readonly source: Endpoint;
  readonly destination: Endpoint;
}

export function readInterfaceKey(view: DataView, offset: number): InterfaceKey {
  return {
    networkNamespace: view.getUint32(offset, true),
    index: view.getUint32(offset + 4, true),
    direction: directions[view.getUint8(offset + 8)] ?? "receive",
    network: networkProtocol(view.getUint8(offset + 9)),
    transport: transportProtocol(view.getUint8(offset + 10)),
  };
}

/** What of a flow's key its interface's rows are told apart by. */
export function readInterfaceOfFlow(view: DataView, offset: number): InterfaceKey {
  return {
    networkNamespace: view.getUint32(offset, true),
    index: view.getUint32(offset + 4, true),
    direction: directions[view.getUint8(offset + 44)] ?? "receive",
    network: networkProtocol(view.getUint8(offset + 45)),
    transport: transportProtocol(view.getUint8(offset + 47)),
  };
}

export function readFlowKey(view: DataView, offset: number): FlowKey {
  const key = readInterfaceOfFlow(view, offset);
  const addressBytes = key.network === "ipv4" ? 4 : 16;
  return {
    ...key,
    protocol: view.getUint8(offset + 46),
    source: readEndpoint(view, offset + 8, addressBytes, offset + 40),
    destination: readEndpoint(view, offset + 24, addressBytes, offset + 42),
  };
}

/** The key's bytes as a string's characters: no number has to be printed for it. */
export function readFlowIdentity(view: DataView, offset: number): string {
  const units: number[] = [];
  for (let at = 0; at < FLOW_KEY_BYTES; at += 2) units.push(view.getUint16(offset + at, true));
  return String.fromCharCode(...units);
}

/** @param cpus how many of them lie one behind the other, to be summed up */
export function readPacketCounts(view: DataView, offset: number, cpus = 1): PacketCounts {
  let buffers = 0;
  let bufferBytes = 0;
  let morePackets = 0;
  let moreBytes = 0;
  for (let cpu = 0; cpu < cpus; cpu++) {
    const at = offset + cpu * PACKET_SUMS_BYTES;
    buffers += readSum(view, at);
    bufferBytes += readSum(view, at + 8);
    morePackets += readSum(view, at + 16);
    moreBytes += readSum(view, at + 24);
  }
  return { packets: buffers + morePackets, bytes: bufferBytes + moreBytes, buffers, bufferBytes };
}

export interface PeerKey {
  readonly networkNamespace: number;
  readonly peer: Endpoint;
}

export function readPeerKey(view: DataView, offset: number): PeerKey {
  const addressBytes = view.getUint16(offset + 22, true) === AF_INET ? 4 : 16;
  return {
    networkNamespace: view.getUint32(offset, true),
    peer: readEndpoint(view, offset + 4, addressBytes, offset + 20),
  };
}

/** A signed 64-bit sum as a double: exact up to 2^53. */
export function readSum(view: DataView, offset: number): number {
  return view.getInt32(offset + 4, true) * 0x1_0000_0000 + view.getUint32(offset, true);
}

function readEndpoint(view: DataView, addressOffset: number, addressBytes: number, portOffset: number): Endpoint {
  return {
    address: addressText(bytesAt(view, addressOffset, addressBytes)),
    port: view.getUint16(portOffset, true),
  };
}
