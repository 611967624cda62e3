import type { Segment } from "./segment.ts";

/** Where the ordered stream goes. Each call goes on where the last one ended. */
export interface OrderedStream {
  bytes(position: number, data: Uint8Array, startNs: bigint, endNs: bigint): void;
  /** Without `atNs` it is not known when. `expected`: it had been said that these bytes are not needed. */
  gap(position: number, lengthBytes: number, atNs: bigint | undefined, expected: boolean): void;
  repeated(lengthBytes: number): void;
}

/** Bytes that are held until what comes before them is there. */
const MAX_HELD_BYTES = 65_536;
const MAX_HELD_SEGMENTS = 64;
const MAX_HELD_NS = 200_000_000n;

/**
 * Orders the segments of one direction by their positions. Two threads that use a connection at once can be told of in
 * the wrong order, so a segment that comes too early is held for a while; then what is missing becomes a gap.
 */
export class StreamAssembler {
  readonly #stream: OrderedStream;
  #next: number | undefined;
  #skippedUntil = 0;
  /** Sorted by position. */
  readonly #held: Segment[] = [];
  #heldBytes = 0;

  /** `fromStart`: the stream begins at position 0. If not, it begins with the first segment. */
  constructor(stream: OrderedStream, fromStart: boolean) {
    this.#stream = stream;
    if (fromStart) this.#next = 0;
  }

  get holds(): boolean {
    return this.#held.length > 0;
  }

  /** The bytes before that position may stay away. */
  expectGap(until: number): void {
    this.#skippedUntil = Math.max(this.#skippedUntil, until);
  }

  add(segment: Segment): void {
    this.#next ??= segment.position;
    if (segment.position > this.#next) this.#passExpected(segment.position);
    if (segment.position > this.#next) this.#hold(segment);
    else {
      this.#deliver(segment);
      if (this.#held.length > 0) this.#drain();
    }
  }

  /** Time goes on: what was held for too long is not held any longer. */
  tick(nowNs: bigint): void {
    while (this.#held.some((segment) => nowNs - segment.endNs > MAX_HELD_NS)) this.#releaseFirst();
  }

  /** Delivers all that is held. */
  flush(): void {
    while (this.#held.length > 0) this.#releaseFirst();
  }

  #passExpected(position: number): void {
    const next = this.#next ?? 0;
    const end = Math.min(position, this.#skippedUntil);
    if (end <= next) return;
    this.#next = end;
    this.#stream.gap(next, end - next, undefined, true);
  }

  #deliver(segment: Segment): void {
    const next = this.#next ?? segment.position;
    const repeated = next - segment.position;
    const end = segment.position + segment.lengthBytes;
    if (repeated > 0) this.#stream.repeated(Math.min(repeated, segment.lengthBytes));
    if (end <= next) return;
    const data =
      segment.data.length > segment.lengthBytes ? segment.data.subarray(0, segment.lengthBytes) : segment.data;
    const bytesEnd = Math.max(next, segment.position + data.length);
    this.#next = end;
    if (bytesEnd > next) {
      this.#stream.bytes(next, repeated > 0 ? data.subarray(repeated) : data, segment.startNs, segment.endNs);
    }
    if (end > bytesEnd) this.#stream.gap(bytesEnd, end - bytesEnd, segment.endNs, end <= this.#skippedUntil);
  }

  #hold(segment: Segment): void {
    const data = segment.data.slice(0, Math.min(segment.lengthBytes, MAX_HELD_BYTES));
    const index = this.#held.findLastIndex((held) => held.position <= segment.position) + 1;
    this.#held.splice(index, 0, { ...segment, data });
    this.#heldBytes += data.length;
    while (this.#heldBytes > MAX_HELD_BYTES || this.#held.length > MAX_HELD_SEGMENTS) this.#releaseFirst();
  }

  /** Gives up what is missing before the first one that is held. */
  #releaseFirst(): void {
    const first = this.#held[0];
    const next = this.#next ?? 0;
    if (first !== undefined && first.position > next) {
      this.#passExpected(first.position);
      const missing = first.position - (this.#next ?? next);
      if (missing > 0) {
        this.#next = first.position;
        this.#stream.gap(first.position - missing, missing, undefined, false);
      }
    }
    this.#drain();
  }

  #drain(): void {
    for (let first = this.#held[0]; first !== undefined && first.position <= (this.#next ?? 0); first = this.#held[0]) {
      this.#held.shift();
      this.#heldBytes -= first.data.length;
      this.#deliver(first);
    }
  }
}
