import {
  beginsWithFrame,
  beginsWithPreface,
  FRAME_HEADER_BYTES,
  FrameFlag,
  FrameType,
  isValidFrame,
  PREFACE,
  u24,
  u31,
} from "./frames.ts";

/** Where the parts of a direction's frames go. Bytes are valid during the call only. */
export interface FrameHandler {
  /**
   * A header block, put together out of its frames, without padding and priority.
   *
   * @param promisedId of a PUSH_PROMISE, -1 where it was not seen; otherwise 0
   * @param isWhole whether its end is there
   * @param startNs when the call with its first byte began
   */
  block(
    streamId: number,
    promisedId: number,
    isEndOfStream: boolean,
    bytes: Uint8Array,
    start: number,
    end: number,
    isWhole: boolean,
    startNs: bigint,
    endNs: bigint | undefined,
  ): void;
  /** Payload without padding; NaN where the padding is not known. */
  data(streamId: number, lengthBytes: number, isEndOfStream: boolean, endNs: bigint | undefined): void;
  reset(streamId: number, endNs: bigint | undefined): void;
  goaway(lastStreamId: number, endNs: bigint | undefined): void;
  setting(id: number, value: number): void;
  /** Where the next frame begins is no longer known. */
  framingLost(): void;
  /** From now on frames may go by unseen, until `isMissing` is false again. */
  framesMissed(): void;
  /** The connection begins here. */
  preface(): void;
  /** The bytes before this position are of no use. */
  skipUntil(position: number): void;
  /** These bytes were in no frame. */
  ignored(lengthBytes: number): void;
}

/** Frames are no longer by default; where a larger limit was agreed on unseen, it hardly is larger than the second one. */
const DEFAULT_FRAME_BYTES = 1 << 14;
const PLAUSIBLE_FRAME_BYTES = 1 << 20;
const MAX_FRAME_BYTES = 2 ** 24 - 1;

/** A header block that is longer is cut. Servers allow 8 to 64 KiB. */
const MAX_BLOCK_BYTES = 1 << 16;
const MAX_SETTINGS_BYTES = 6 * 64;

/** Less than this is not worth telling that it may be skipped. */
const MIN_SKIP_BYTES = 8_192;

/**
 * Takes one direction of a connection apart into frames: bytes in pieces of any size, and gaps of known length. Within the payload
 * of a frame a gap costs no more than what it hides; one that hides the header of a frame loses the framing, until a call begins
 * with what can only be a frame.
 */
export class FrameReader {
  readonly #handler: FrameHandler;
  /** That the other side has told of. */
  #maxFrameBytes = DEFAULT_FRAME_BYTES;
  #isLost: boolean;
  #isMissing = false;
  #prefaceLeftBytes = 0;
  /** Nothing was seen of this direction. */
  #isFresh = true;

  readonly #header: Uint8Array<ArrayBuffer> = new Uint8Array(FRAME_HEADER_BYTES);
  #headerBytes = 0;

  #isInFrame = false;
  #type = 0;
  #flags = 0;
  #streamId = 0;
  #lengthBytes = 0;
  /** Of its payload. */
  #seenBytes = 0;
  #startNs = 0n;
  /** How much of the payload's beginning is needed, and how much of it was copied, where it came in several pieces. */
  #neededBytes = 0;
  #copiedBytes = 0;
  #copy: Uint8Array<ArrayBuffer> = new Uint8Array(64);
  /** A gap was in the needed part, or before its end. */
  #isCut = false;
  #isSkipTold = false;

  /** The header block that is not ended yet: 0 if there is none. */
  #blockStreamId = 0;
  #blockPromisedId = 0;
  #blockIsEndOfStream = false;
  #blockIsWhole = true;
  #blockBytes = 0;
  #blockStartNs = 0n;
  #block: Uint8Array<ArrayBuffer> = new Uint8Array(0);

  /** @param fromStart whether the first byte is the first one of its direction */
  constructor(fromStart: boolean, handler: FrameHandler) {
    this.#isLost = !fromStart;
    this.#handler = handler;
  }

  /** Whether bytes went by in which there may have been frames, and none was recognised since. */
  get isMissing(): boolean {
    return this.#isMissing;
  }

  /** The other side allows frames of this size (SETTINGS_MAX_FRAME_SIZE). */
  allowFrameBytes(sizeBytes: number): void {
    this.#maxFrameBytes = Math.min(Math.max(this.#maxFrameBytes, sizeBytes), MAX_FRAME_BYTES);
  }

  /** The stream whose DATA frame has begun and not ended, and how much of its payload went. */
  get openData(): { readonly streamId: number; readonly lengthBytes: number } | undefined {
    if (!this.#isInFrame || this.#type !== FrameType.data) return undefined;
    const isPadded = (this.#flags & FrameFlag.padded) !== 0;
    return { streamId: this.#streamId, lengthBytes: isPadded ? Number.NaN : this.#seenBytes };
  }

  bytes(position: number, data: Uint8Array, startNs: bigint, endNs: bigint): void {
    if (data.length === 0) return;
    if (!this.#canGoOn(data)) {
      this.#miss();
      this.#handler.ignored(data.length);
      return;
    }
    let at = Math.min(this.#prefaceLeftBytes, data.length);
    this.#prefaceLeftBytes -= at;
    while (at < data.length) {
      if (!this.#isInFrame) {
        at = this.#readHeader(data, at, startNs);
        if (this.#headerBytes < FRAME_HEADER_BYTES) return;
        if (!this.#beginFrame()) {
          this.#lose();
          this.#handler.ignored(data.length - at);
          return;
        }
      }
      at = this.#readPayload(data, at, endNs);
    }
    this.#tellSkip(position + data.length);
  }

  gap(lengthBytes: number, atNs: bigint | undefined): void {
    this.#isFresh = false;
    if (lengthBytes === 0) return;
    if (this.#isLost) {
      this.#miss();
      return;
    }
    const inPreface = Math.min(this.#prefaceLeftBytes, lengthBytes);
    this.#prefaceLeftBytes -= inPreface;
    const behindPreface = lengthBytes - inPreface;
    if (behindPreface === 0) return;
    const leftBytes = this.#isInFrame ? this.#lengthBytes - this.#seenBytes : 0;
    const inFrame = Math.min(leftBytes, behindPreface);
    if (inFrame > 0) {
      if (this.#copiedBytes < this.#neededBytes) this.#isCut = true;
      this.#seenBytes += inFrame;
      if (inFrame === leftBytes) this.#endFrame(this.#copy, 0, this.#copiedBytes, atNs);
    }
    if (behindPreface > inFrame) this.#lose();
  }

  /** Whether it is known what these bytes are; if it was not, it may be now. */
  #canGoOn(data: Uint8Array): boolean {
    const isFresh = this.#isFresh;
    this.#isFresh = false;
    if ((isFresh || this.#isLost) && beginsWithPreface(data) && (isFresh || data.length >= FRAME_HEADER_BYTES)) {
      this.#prefaceLeftBytes = PREFACE.length;
      this.#isLost = false;
      this.#handler.preface();
    } else if (this.#isLost) this.#isLost = !beginsWithFrame(data, this.#maxFrameBytes);
    if (!this.#isLost) this.#isMissing = false;
    return !this.#isLost;
  }

  /** @returns where it has read to */
  #readHeader(data: Uint8Array, at: number, startNs: bigint): number {
    if (this.#headerBytes === 0) this.#startNs = startNs;
    const end = Math.min(data.length, at + FRAME_HEADER_BYTES - this.#headerBytes);
    for (let index = at; index < end; index++) this.#header[this.#headerBytes++] = data[index] as number;
    return end;
  }

  /** The header of a frame is there. @returns whether it is one */
  #beginFrame(): boolean {
    const header = this.#header;
    this.#headerBytes = 0;
    this.#lengthBytes = u24(header, 0);
    this.#type = header[3] ?? 0;
    this.#flags = header[4] ?? 0;
    this.#streamId = u31(header, 5);
    const maxBytes = Math.max(this.#maxFrameBytes, PLAUSIBLE_FRAME_BYTES);
    if (!isValidFrame(this.#type, this.#lengthBytes, this.#streamId, maxBytes)) return false;
    this.#isInFrame = true;
    this.#seenBytes = 0;
    this.#copiedBytes = 0;
    this.#isCut = false;
    this.#isSkipTold = false;
    this.#neededBytes = Math.min(this.#lengthBytes, neededBytes(this.#type, this.#flags));
    return true;
  }

  /** @returns where it has read to */
  #readPayload(data: Uint8Array, at: number, endNs: bigint): number {
    const end = Math.min(data.length, at + this.#lengthBytes - this.#seenBytes);
    if (this.#seenBytes === 0 && end - at === this.#lengthBytes) {
      this.#endFrame(data, at, at + this.#neededBytes, endNs);
      return end;
    }
    if (!this.#isCut && this.#copiedBytes < this.#neededBytes) {
      const copyEnd = Math.min(end, at + this.#neededBytes - this.#copiedBytes);
      this.#copy = append(this.#copy, this.#copiedBytes, data, at, copyEnd);
      this.#copiedBytes += copyEnd - at;
    }
    this.#seenBytes += end - at;
    if (this.#seenBytes === this.#lengthBytes) this.#endFrame(this.#copy, 0, this.#copiedBytes, endNs);
    return end;
  }

  #tellSkip(position: number): void {
    if (!this.#isInFrame || this.#isSkipTold || this.#copiedBytes < this.#neededBytes) return;
    const leftBytes = this.#lengthBytes - this.#seenBytes;
    if (leftBytes < MIN_SKIP_BYTES) return;
    this.#isSkipTold = true;
    this.#handler.skipUntil(position + leftBytes);
  }

  /** The frame has ended; `bytes[start, end)` is what is needed of its payload, or what is there of that. */
  #endFrame(bytes: Uint8Array, start: number, end: number, endNs: bigint | undefined): void {
    this.#isInFrame = false;
    if (this.#blockStreamId !== 0 && this.#type !== FrameType.continuation) this.#cutBlock(endNs);
    const isEndOfStream = (this.#flags & FrameFlag.endStream) !== 0;
    switch (this.#type) {
      case FrameType.data:
        this.#handler.data(this.#streamId, this.#dataBytes(bytes, start, end), isEndOfStream, endNs);
        break;
      case FrameType.headers:
      case FrameType.pushPromise:
        this.#beginBlock(bytes, start, end, endNs);
        break;
      case FrameType.continuation:
        // One whose beginning was not seen is of no use, and the table is unknown already.
        if (this.#blockStreamId !== 0) this.#addToBlock(bytes, start, end, endNs);
        break;
      case FrameType.rstStream:
        this.#handler.reset(this.#streamId, endNs);
        break;
      case FrameType.goaway:
        if (end - start >= 4) this.#handler.goaway(u31(bytes, start), endNs);
        break;
      case FrameType.settings:
        for (let at = start; at + 6 <= end; at += 6) {
          const value = (bytes[at + 2] ?? 0) * 2 ** 24 + u24(bytes, at + 3);
          this.#handler.setting(((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0), value);
        }
        break;
    }
  }

  #dataBytes(bytes: Uint8Array, start: number, end: number): number {
    if ((this.#flags & FrameFlag.padded) === 0) return this.#lengthBytes;
    const length = this.#lengthBytes - 1 - (end > start ? (bytes[start] ?? 0) : Number.NaN);
    return length >= 0 ? length : Number.NaN;
  }

  #beginBlock(bytes: Uint8Array, start: number, end: number, endNs: bigint | undefined): void {
    const isPromise = this.#type === FrameType.pushPromise;
    const isPadded = (this.#flags & FrameFlag.padded) !== 0;
    const contentStart = start + (isPadded ? 1 : 0);
    const hasPriority = !isPromise && (this.#flags & FrameFlag.priority) !== 0;
    const blockStart = contentStart + (isPromise ? 4 : hasPriority ? 5 : 0);
    const paddingBytes = isPadded && end > start ? (bytes[start] ?? 0) : 0;
    // Where the payload would have ended without the padding, whether or not it was seen to there.
    const blockEnd = start + this.#lengthBytes - paddingBytes;
    this.#blockStreamId = this.#streamId;
    this.#blockPromisedId = !isPromise ? 0 : contentStart + 4 <= end ? u31(bytes, contentStart) : -1;
    this.#blockIsEndOfStream = !isPromise && (this.#flags & FrameFlag.endStream) !== 0;
    this.#blockIsWhole = end >= blockEnd && blockStart <= blockEnd;
    this.#blockStartNs = this.#startNs;
    this.#blockBytes = 0;
    const seenEnd = Math.max(blockStart, Math.min(end, blockEnd));
    const from = Math.min(blockStart, end);
    if ((this.#flags & FrameFlag.endHeaders) !== 0)
      this.#endBlock(bytes, from, Math.max(from, Math.min(seenEnd, end)), endNs);
    else this.#keepOfBlock(bytes, from, Math.max(from, Math.min(seenEnd, end)));
  }

  #addToBlock(bytes: Uint8Array, start: number, end: number, endNs: bigint | undefined): void {
    if (this.#blockIsWhole) this.#keepOfBlock(bytes, start, end);
    if (end - start < this.#lengthBytes) this.#blockIsWhole = false;
    if ((this.#flags & FrameFlag.endHeaders) !== 0) this.#endBlock(this.#block, 0, this.#blockBytes, endNs);
  }

  #keepOfBlock(bytes: Uint8Array, start: number, end: number): void {
    const fitting = Math.min(end, start + MAX_BLOCK_BYTES - this.#blockBytes);
    this.#block = append(this.#block, this.#blockBytes, bytes, start, fitting);
    this.#blockBytes += fitting - start;
    if (fitting < end) this.#blockIsWhole = false;
  }

  #endBlock(bytes: Uint8Array, start: number, end: number, endNs: bigint | undefined): void {
    const streamId = this.#blockStreamId;
    this.#blockStreamId = 0;
    this.#handler.block(
      streamId,
      this.#blockPromisedId,
      this.#blockIsEndOfStream,
      bytes,
      start,
      end,
      this.#blockIsWhole,
      this.#blockStartNs,
      endNs,
    );
  }

  /** The rest of a block will not be seen. */
  #cutBlock(endNs: bigint | undefined): void {
    this.#blockIsWhole = false;
    this.#endBlock(this.#block, 0, this.#blockBytes, endNs);
  }

  #lose(): void {
    this.#isLost = true;
    this.#isInFrame = false;
    this.#headerBytes = 0;
    this.#prefaceLeftBytes = 0;
    if (this.#blockStreamId !== 0) this.#cutBlock(undefined);
    this.#handler.framingLost();
    this.#miss();
  }

  #miss(): void {
    if (this.#isMissing) return;
    this.#isMissing = true;
    this.#handler.framesMissed();
  }
}

/** How much of the beginning of a frame's payload is looked at. */
function neededBytes(type: number, flags: number): number {
  switch (type) {
    case FrameType.data:
      return (flags & FrameFlag.padded) !== 0 ? 1 : 0;
    case FrameType.headers:
    case FrameType.pushPromise:
    case FrameType.continuation:
      return MAX_BLOCK_BYTES;
    case FrameType.goaway:
      return 4;
    case FrameType.settings:
      return MAX_SETTINGS_BYTES;
    default:
      return 0;
  }
}

/** Puts `bytes[start, end)` behind the first `length` bytes of `buffer`, or of a larger copy of it. */
function append(
  buffer: Uint8Array<ArrayBuffer>,
  length: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): Uint8Array<ArrayBuffer> {
  const neededBytes = length + end - start;
  let target = buffer;
  if (neededBytes > buffer.length) {
    target = new Uint8Array(Math.max(neededBytes, buffer.length * 2));
    target.set(buffer.subarray(0, length));
  }
  target.set(bytes.subarray(start, end), length);
  return target;
}
