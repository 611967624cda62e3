import type { PacketCounts } from "./packet-report.ts";

export type MutableCounts = { -readonly [Name in keyof PacketCounts]: PacketCounts[Name] };

export function noPackets(): MutableCounts {
  return { packets: 0, bytes: 0, buffers: 0, bufferBytes: 0 };
}

export function addPackets(sum: MutableCounts, more: PacketCounts): void {
  sum.packets += more.packets;
  sum.bytes += more.bytes;
  sum.buffers += more.buffers;
  sum.bufferBytes += more.bufferBytes;
}

/** Most bytes first. */
export function byBytes(a: PacketCounts, b: PacketCounts): number {
  return b.bytes - a.bytes;
}
