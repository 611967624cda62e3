/**
 * Reads what the kernel half sends. The layout is that of `struct record` in payload.h; records are read with a DataView at
 * fixed offsets, since a busy machine makes ten thousands a second.
 *
 * ```
 * 0      4           5       6   8     24        40    44      48             64         72       80         88
 * | kind | direction | flags | - | key | carrier | pid | image | process_name | start_ns | end_ns | since_ns | length
 * 96         100       104          108     112         128        144          146         148      150
 * | position | skipped | data_bytes | error | local ... | peer ... | local_port | peer_port | family | transport
 * 152                        160
 * | first position, received | sent | data
 *
 * key, carrier: | address | number | 16
 * a process's end: | kind | pid | time_ns | 16
 * ```
 */

import { bytesAt, readCounter, readName } from "../kernel-values.ts";
import { addressText, type Endpoint } from "./addresses.ts";
import type { Direction } from "./http/segment.ts";

export const RECORD_HEADER_BYTES = 160;
export const STREAM_KEY_BYTES = 16;

/** `RECORD_*` of payload.h. */
export const RecordKind = { payload: 1, datagram: 2, end: 3, processExit: 4 } as const;

/** `PAYLOAD_*` and `END_OF_DIRECTION` of payload.h. */
export const RecordFlag = { tls: 1, fromStart: 2, dns: 4, endOfDirection: 8 } as const;

/** `AF_*` of sockets.h. */
const AddressFamily = { unix: 1, inet: 2, inet6: 10 } as const;

/** Numbers of the directions, as they index the kernel half's tables. */
export const directions: readonly Direction[] = ["received", "sent"];

const KEY_OFFSET = 8;
const CARRIER_OFFSET = 24;

/** A record, where it lies: nothing of it is read before it is asked for. Valid until the next one is looked at. */
export class RecordView {
  #view: DataView = new DataView(new ArrayBuffer(RECORD_HEADER_BYTES));
  #offset = 0;

  at(view: DataView, offset: number): this {
    this.#view = view;
    this.#offset = offset;
    return this;
  }

  get kind(): number {
    return this.#uint32(0);
  }

  /** 0: received, 1: sent. */
  get directionIndex(): 0 | 1 {
    return this.#view.getUint8(this.#offset + 4) === 0 ? 0 : 1;
  }

  get flags(): number {
    return this.#view.getUint8(this.#offset + 5);
  }

  /**
   * A number for the stream: of a socket by its file's inode number, which has 32 bits, and the lowest that tell addresses
   * apart; negative of a TLS session.
   */
  get stream(): number {
    return (this.flags & RecordFlag.tls) !== 0 ? this.#session(KEY_OFFSET) : this.#socket(KEY_OFFSET);
  }

  /** Of a TLS session, the socket that it goes over; undefined where that is not known. */
  get carrier(): number | undefined {
    return this.#uint32(CARRIER_OFFSET + 8) === 0 ? undefined : this.#socket(CARRIER_OFFSET);
  }

  /** A copy. */
  get keyBytes(): Uint8Array {
    return this.#bytes(KEY_OFFSET, STREAM_KEY_BYTES).slice();
  }

  get pid(): number {
    return this.#uint32(40);
  }

  get image(): number {
    return this.#uint32(44);
  }

  get processName(): string {
    return readName(this.#view, this.#offset + 48);
  }

  get startNs(): bigint {
    return this.#view.getBigUint64(this.#offset + 64, true);
  }

  get endNs(): bigint {
    return this.#view.getBigUint64(this.#offset + 72, true);
  }

  /** 0 where positions are those of TCP. */
  get sinceNs(): number {
    return this.#counter(80);
  }

  get lengthBytes(): number {
    return this.#counter(88);
  }

  /** The low 32 bits. */
  get position(): number {
    return this.#uint32(96);
  }

  /** Of the first byte that ever went in a direction, if the record is of a stream `fromStart`. */
  firstPosition(directionIndex: 0 | 1): number {
    return this.#uint32(152 + directionIndex * 4);
  }

  /** What went before the data. */
  get skippedBytes(): number {
    return this.#uint32(100);
  }

  /** The kernel's memory. */
  get data(): Uint8Array {
    return this.#bytes(RECORD_HEADER_BYTES, this.#uint32(104));
  }

  get local(): Endpoint | undefined {
    return this.#endpoint(112, 144);
  }

  get peer(): Endpoint | undefined {
    return this.#endpoint(128, 146);
  }

  get localPort(): number {
    return this.#uint16(144);
  }

  get peerPort(): number {
    return this.#uint16(146);
  }

  /** Of a process's end. */
  get exitedPid(): number {
    return this.#uint32(4);
  }

  get exitNs(): bigint {
    return this.#view.getBigUint64(this.#offset + 8, true);
  }

  #endpoint(addressOffset: number, portOffset: number): Endpoint | undefined {
    return readEndpoint(this.#view, this.#offset + addressOffset, this.#offset + portOffset, this.#uint16(148));
  }

  #socket(offset: number): number {
    return this.#uint32(offset + 8) * 2 ** 21 + ((this.#uint32(offset) >>> 6) & (2 ** 21 - 1));
  }

  /** A pid has 22 bits, the addresses of sessions are multiples of 8. */
  #session(offset: number): number {
    return (
      -1 - this.#uint32(offset + 8) * 2 ** 31 - (this.#uint32(offset) >>> 3) - (this.#uint32(offset + 4) & 3) * 2 ** 29
    );
  }

  #uint16(offset: number): number {
    return this.#view.getUint16(this.#offset + offset, true);
  }

  #uint32(offset: number): number {
    return this.#view.getUint32(this.#offset + offset, true);
  }

  #counter(offset: number): number {
    return readCounter(this.#view, this.#offset + offset);
  }

  #bytes(offset: number, sizeBytes: number): Uint8Array {
    return bytesAt(this.#view, this.#offset + offset, sizeBytes);
  }
}

/** Undefined where an end has no address, as those of Unix sockets, or none yet. */
export function readEndpoint(
  view: DataView,
  addressOffset: number,
  portOffset: number,
  family: number,
): Endpoint | undefined {
  if (family !== AddressFamily.inet && family !== AddressFamily.inet6) return undefined;
  const sizeBytes = family === AddressFamily.inet ? 4 : 16;
  const address = bytesAt(view, addressOffset, sizeBytes);
  const port = view.getUint16(portOffset, true);
  if (port === 0 && address.every((byte) => byte === 0)) return undefined;
  return { address: addressText(address), port };
}
