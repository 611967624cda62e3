import { BpfError } from "@skep/ebpf";

/** Packets are handled by whichever process runs when they come in, so none can be chosen by its process. */
export interface PacketTracerOptions {
  /** Tell flows apart; `true` when absent. Without, a packet costs less. */
  readonly flows?: boolean;
  /** One in so many segments that TCP receives is looked at for its connection's round-trip time, 1 or more; 8 when absent. */
  readonly rttEvery?: number;
  /** How much is kept; for tests of what happens when it is full. */
  readonly limits?: Partial<PacketTracerLimits>;
}

export interface PacketTracerLimits {
  /** Flows between two reads of the kernel's tables. */
  readonly flowRows: number;
  /** Interfaces x directions x protocols between two reads. */
  readonly interfaceRows: number;
  /** Peers that something is sent to again between two reads. */
  readonly retransmitRows: number;
  /** Reasons x protocols. */
  readonly dropRows: number;
  /** Flows in a report. */
  readonly flows: number;
  /** Time between two reads. */
  readonly readIntervalMs: number;
}

/** @throws BpfError `invalid-argument` */
export function assertPacketTracerOptions({ rttEvery = 1 }: PacketTracerOptions): void {
  if (Number.isInteger(rttEvery) && rttEvery >= 1 && rttEvery <= 1_000_000) return;
  throw new BpfError("invalid-argument", `one in ${rttEvery} segments can't be looked at`, {
    hint: "give a whole number from 1 to 1,000,000",
  });
}

export function packetTracerLimits({ limits }: PacketTracerOptions): PacketTracerLimits {
  return {
    flowRows: 4096,
    interfaceRows: 512,
    retransmitRows: 1024,
    dropRows: 512,
    flows: 4096,
    readIntervalMs: 1000,
    ...limits,
  };
}
