import type { RingBufferMap } from "../maps/ring-buffer-map.ts";
import { ResourceStack } from "../resource-stack.ts";
import { defaultSys } from "../sys/default-sys.ts";
import { failure } from "../sys/failure.ts";
import type { MemoryMapping, PollHandle, Sys } from "../sys/sys.ts";
import { MapMemory, Protection } from "../sys/uapi.ts";

/** Bits of a record's length word (include/uapi/linux/bpf.h). */
const BUSY_BIT = 0x8000_0000;
const DISCARD_BIT = 0x4000_0000;
const LENGTH_MASK = 0x3fff_ffff;
const HEADER_SIZE_BYTES = 8;

const DEFAULT_MAX_RECORDS_PER_TURN = 4096;

/**
 * Takes one record: `sizeBytes` bytes at `offset` of `view`.
 *
 * It is mostly the kernel's own memory, mapped read-only: writing to it kills the process, and once the handler has
 * returned it may be overwritten. Decode it, or copy it, at once.
 */
export type RecordHandler = (view: DataView, offset: number, sizeBytes: number) => void;

export interface RingBufferReaderOptions {
  readonly onRecord: RecordHandler;
  /**
   * Milliseconds between two looks at the ring. Needed where programs write with BPF_RB_NO_WAKEUP, and cheaper than
   * being woken for each record; undefined (default) for none.
   */
  readonly drainIntervalMs?: number;
  /** Whether to read when the kernel says that there are records; default true. */
  readonly wakeUp?: boolean;
  /** Records handled before the event loop gets its turn; default 4096. */
  readonly maxRecordsPerTurn?: number;
  /** Keep the process running while this reads; default true. */
  readonly keepAlive?: boolean;
  readonly sys?: Sys;
}

/**
 * Reads a ring buffer from the event loop, record by record and in order, straight out of shared memory.
 *
 * ```
 *   mapping 1 (read-write)   | consumer position |
 *   mapping 2 (read-only)    | producer position | ring |
 *   record                   | u32 length and bits | u32 page offset | data, padded to 8 bytes |
 * ```
 *
 * The kernel offers the ring once more behind itself, so that a record that wraps around is contiguous. Each page mapped is
 * a page of this process, so that we copy the one record in a ringful instead. Positions grow for ever; we compare their low
 * 32 bits, which is enough as a ring is smaller than 4 GiB.
 *
 * Memory order: a writer reserves (advances the producer position with the record's BUSY bit set), fills the record,
 * clears the bit, and wakes us only if our position is that of its record. So after we store our position we must look
 * again, both at the producer position and at the BUSY bit, with a full fence between: Atomics are sequentially
 * consistent. A record that is still BUSY ends the turn; we never spin. See __bpf_ringbuf_reserve and bpf_ringbuf_commit
 * in kernel/bpf/ringbuf.c.
 */
export class RingBufferReader implements Disposable {
  readonly #onRecord: RecordHandler;
  readonly #maxRecordsPerTurn: number;
  readonly #resources: ResourceStack;
  /** One element: the consumer position. */
  readonly #consumer: BigUint64Array;
  /** Low half of the producer position. */
  readonly #producer: Int32Array;
  /** The ring. */
  readonly #view: DataView;
  /** The same as words, for headers. */
  readonly #words: Int32Array;
  readonly #mask: number;
  readonly #poll: PollHandle | undefined;
  readonly #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;
  #reading = false;
  #closed = false;
  #recordCount = 0;

  constructor(map: RingBufferMap, options: RingBufferReaderOptions) {
    const sys = options.sys ?? defaultSys();
    this.#onRecord = options.onRecord;
    this.#maxRecordsPerTurn = options.maxRecordsPerTurn ?? DEFAULT_MAX_RECORDS_PER_TURN;
    using resources = new ResourceStack();
    const page = sys.pageSizeBytes;
    const consumer = mapRing(sys, map, resources, page, Protection.READ | Protection.WRITE, 0);
    const producer = mapRing(sys, map, resources, page + map.sizeBytes, Protection.READ, page);
    this.#consumer = new BigUint64Array(consumer.buffer, 0, 1);
    this.#producer = new Int32Array(producer.buffer, 0, 1);
    this.#view = new DataView(producer.buffer, page, map.sizeBytes);
    this.#words = new Int32Array(producer.buffer, page, map.sizeBytes / 4);
    this.#mask = map.sizeBytes - 1;
    if (options.wakeUp !== false) {
      this.#poll = sys.poll(map.fd, () => this.#turn());
    }
    if (options.drainIntervalMs !== undefined) {
      this.#timer = setInterval(() => this.#turn(), options.drainIntervalMs);
    }
    if (options.keepAlive === false) {
      this.#poll?.unref();
      this.#timer?.unref();
    }
    this.#resources = resources.move();
  }

  /** Records handled so far; discarded ones are not among them. */
  get recordCount(): number {
    return this.#recordCount;
  }

  /** Bytes in the ring that have not been handled, headers and unfinished records included. */
  get pendingBytes(): number {
    if (this.#closed) return 0;
    return (Atomics.load(this.#producer, 0) - Number(BigInt.asIntN(32, Atomics.load(this.#consumer, 0)))) >>> 0;
  }

  /**
   * Handles what is there now, without waiting for a wake-up or the timer: at most `maxRecords`, by default as many as fit
   * into the ring. Answers the number of records handled.
   */
  drain(maxRecords: number = (this.#mask + 1) / HEADER_SIZE_BYTES): number {
    if (this.#closed || this.#reading) return 0;
    this.#reading = true;
    const before = this.#recordCount;
    try {
      while (this.#readBatch(maxRecords - (this.#recordCount - before))) {
        // Records were committed while this batch was handled: look again.
      }
      return this.#recordCount - before;
    } finally {
      this.#reading = false;
      if (this.#closed) this.#resources[Symbol.dispose]();
    }
  }

  /** Stops reading. What is still in the ring stays there. May be called by the handler. */
  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#poll?.close();
    clearInterval(this.#timer);
    clearImmediate(this.#immediate);
    // The handler that is running reads this memory: drain() lets go of it afterwards.
    if (!this.#reading) this.#resources[Symbol.dispose]();
  }

  #turn(): void {
    const handled = this.drain(this.#maxRecordsPerTurn);
    if (handled < this.#maxRecordsPerTurn || this.#closed || this.#immediate !== undefined) return;
    this.#immediate = setImmediate(() => {
      this.#immediate = undefined;
      this.#turn();
    });
  }

  /**
   * Handles records up to the end, to an unfinished one, or to `limit`; then moves the consumer position. True if it is
   * worth trying again at once.
   */
  #readBatch(limit: number): boolean {
    const start = Atomics.load(this.#consumer, 0);
    const startLow = Number(BigInt.asIntN(32, start));
    let position = startLow;
    let remaining = limit;
    let open = true;
    try {
      while (remaining > 0 && !this.#closed && position !== Atomics.load(this.#producer, 0)) {
        const offset = position & this.#mask;
        const header = Atomics.load(this.#words, offset >>> 2);
        if ((header & BUSY_BIT) !== 0) {
          open = false;
          break;
        }
        const sizeBytes = header & LENGTH_MASK;
        position = (position + HEADER_SIZE_BYTES + ((sizeBytes + 7) & ~7)) | 0;
        if ((header & DISCARD_BIT) !== 0) continue;
        remaining--;
        this.#recordCount++;
        if (offset + HEADER_SIZE_BYTES + sizeBytes <= this.#view.byteLength) {
          this.#onRecord(this.#view, offset + HEADER_SIZE_BYTES, sizeBytes);
        } else {
          this.#onRecord(this.#unwrapped(offset + HEADER_SIZE_BYTES, sizeBytes), 0, sizeBytes);
        }
      }
    } finally {
      // Also where the handler threw: that record was delivered.
      if (position !== startLow) Atomics.store(this.#consumer, 0, start + BigInt((position - startLow) >>> 0));
    }
    if (this.#closed || remaining <= 0 || position === startLow) return false;
    if (open) return position !== Atomics.load(this.#producer, 0);
    // The unfinished record may have been finished before its writer could see our new position.
    return (Atomics.load(this.#words, (position & this.#mask) >>> 2) & BUSY_BIT) === 0;
  }

  /** A copy of what goes on at the beginning of the ring. */
  #unwrapped(offset: number, sizeBytes: number): DataView {
    const ring = new Uint8Array(this.#view.buffer, this.#view.byteOffset, this.#view.byteLength);
    const record = new Uint8Array(sizeBytes);
    const before = ring.subarray(offset);
    record.set(before);
    record.set(ring.subarray(0, sizeBytes - before.length), before.length);
    return new DataView(record.buffer);
  }
}

function mapRing(
  sys: Sys,
  map: RingBufferMap,
  resources: ResourceStack,
  sizeBytes: number,
  protection: number,
  offsetBytes: number,
): MemoryMapping {
  const mapping = sys.mmap(sizeBytes, protection, MapMemory.SHARED, map.fd, offsetBytes);
  if (typeof mapping === "number") throw failure(mapping, "mmap", `mapping ring buffer "${map.name}"`);
  resources.use({ [Symbol.dispose]: () => mapping.unmap() });
  return mapping;
}
