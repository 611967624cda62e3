/**
 * Reads the records of the kernel half, as connection-table.h lays them out. `connection-records.test.ts` holds the offsets
 * against the object's own types.
 *
 * ```
 * connection_record  0      4           8        16        24
 *                    | kind | namespace | socket | time_ns | connection ...
 *                    112          114         116            117      118          120             136            152
 *                    | local_port | peer_port | socket_state | family | path_bytes | local_address | peer_address |
 * connection         24         32               40            48          56      64          72    76    80
 *                    | start_ns | established_ns | accepted_ns | closed_ns | inode | cgroup_id | pid | tid | name ...
 *                    96      100     104         105    106     112
 *                    | flags | error | transport | role | state |
 * exit_record        0 kind 4 pid 8
 * tcp_record         152 traffic 240;  unix_record  152 path 260;  live_record  152 traffic 240 path 348
 * ```
 */

import { bytesAt, readCounter, readName, textUntilNul } from "../../kernel-values.ts";
import { addressText, type Endpoint } from "../addresses.ts";
import type { TcpTraffic } from "./connection.ts";

/** `RECORD_*` of connection-table.h. */
export const RecordKind = { cgroup: 1, opened: 2, closed: 3, failed: 4, live: 5, targetExited: 6 } as const;
/** `TRANSPORT_*` of sockets.h. */
export const Transport = { tcp: 1, unix: 3 } as const;
/** `ROLE_*` */
export const Role = { unknown: 0, client: 1, server: 2, listener: 3 } as const;
/** Flags of a connection. */
export const Flag = {
  existed: 1,
  localClosed: 2,
  peerClosed: 4,
  resetSent: 8,
  resetReceived: 16,
  /** The failure was seen at the socket, which counts. */
  failureTold: 64,
  neverAccepted: 128,
  owned: 256,
  /** It isn't owned, and a process has it. */
  held: 512,
} as const;

export const LIVE_RECORD_BYTES = 352;

const TRAFFIC = 152;
const TRAFFIC_BYTES = 88;
const AF_INET = 2;
const AF_INET6 = 10;
/** tcp_min_rtt() where nothing was measured. */
const NO_ROUND_TRIP = 0xffff_ffff;

/** What all records say of a connection. Times are by CLOCK_MONOTONIC; 0 where there is none. */
export interface ConnectionRecord {
  readonly networkNamespace: number;
  /** Names the connection, together with `startNs`, until it is closed. */
  readonly socket: bigint;
  readonly timeNs: bigint;
  readonly startNs: bigint;
  readonly establishedNs: bigint;
  readonly acceptedNs: bigint;
  readonly closedNs: bigint;
  readonly cgroupId: bigint;
  readonly pid: number;
  readonly process: string;
  readonly flags: number;
  /** Errno, or 0. */
  readonly error: number;
  readonly transport: number;
  readonly role: number;
  readonly socketState: number;
  readonly local: Endpoint | undefined;
  readonly peer: Endpoint | undefined;
}

export interface ListenerCounts {
  readonly dropped: number;
  readonly queued: number;
  readonly capacity: number;
}

export function readKind(view: DataView, offset: number): number {
  return view.getUint32(offset, true);
}

/** Of an exit_record. */
export function readExitedPid(view: DataView, offset: number): number {
  return view.getUint32(offset + 4, true);
}

export function readConnection(view: DataView, offset: number): ConnectionRecord {
  const family = view.getUint8(offset + 117);
  const hasAddresses = family === AF_INET || family === AF_INET6;
  return {
    networkNamespace: view.getUint32(offset + 4, true),
    socket: view.getBigUint64(offset + 8, true),
    timeNs: view.getBigUint64(offset + 16, true),
    startNs: view.getBigUint64(offset + 24, true),
    establishedNs: view.getBigUint64(offset + 32, true),
    acceptedNs: view.getBigUint64(offset + 40, true),
    closedNs: view.getBigUint64(offset + 48, true),
    cgroupId: view.getBigUint64(offset + 64, true),
    pid: view.getUint32(offset + 72, true),
    process: readName(view, offset + 80),
    flags: view.getUint32(offset + 96, true),
    error: view.getUint32(offset + 100, true),
    transport: view.getUint8(offset + 104),
    role: view.getUint8(offset + 105),
    socketState: view.getUint8(offset + 116),
    local: hasAddresses ? readEndpoint(view, offset + 120, offset + 112) : undefined,
    peer: hasAddresses ? readEndpoint(view, offset + 136, offset + 114) : undefined,
  };
}

/** Of a record of TCP. */
export function readTraffic(view: DataView, offset: number): TcpTraffic {
  const at = offset + TRAFFIC;
  const number = (index: number): number => view.getUint32(at + 32 + index * 4, true);
  const [roundTripUs, lowestRoundTripUs] = [number(5), number(7)];
  return {
    sentBytes: readCounter(view, at),
    retransmittedBytes: readCounter(view, at + 8),
    receivedBytes: readCounter(view, at + 24),
    sentSegments: number(0),
    sentDataSegments: number(1),
    receivedSegments: number(2),
    receivedDataSegments: number(3),
    retransmits: number(4),
    ...(roundTripUs !== 0 && { roundTripUs, roundTripDeviationUs: number(6) }),
    ...(lowestRoundTripUs !== NO_ROUND_TRIP && { lowestRoundTripUs }),
    congestionWindow: number(8),
    sendQueueBytes: number(9),
    receiveQueueBytes: number(10),
  };
}

/** Of a live record. */
export function readListenerCounts(view: DataView, offset: number): ListenerCounts {
  const at = offset + TRAFFIC + 32 + 11 * 4;
  return {
    dropped: view.getUint32(at, true),
    queued: view.getUint32(at + 4, true),
    capacity: view.getUint32(at + 8, true),
  };
}

/** Of a record of a Unix socket; undefined where it is bound to nothing. */
export function readPath(view: DataView, offset: number): string | undefined {
  const sizeBytes = view.getUint16(offset + 118, true);
  const at = offset + TRAFFIC + (readKind(view, offset) === RecordKind.live ? TRAFFIC_BYTES : 0);
  return sizeBytes === 0 ? undefined : socketPath(bytesAt(view, at, sizeBytes));
}

function readEndpoint(view: DataView, address: number, port: number): Endpoint {
  return { address: addressText(bytesAt(view, address, 16)), port: view.getUint16(port, true) };
}

/** A name in the abstract namespace begins with NUL and may hold more of them; /proc/net/unix shows all as `@`. */
function socketPath(bytes: Uint8Array): string {
  if (bytes[0] !== 0) return textUntilNul(bytes);
  return Buffer.from(bytes).toString("utf8").replaceAll("\0", "@");
}
