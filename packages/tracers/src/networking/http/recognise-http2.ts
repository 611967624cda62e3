import type { Guess } from "./head-finder.ts";

/** HTTP/2 was recognised. */
export interface Http2Start {
  readonly kind: "h2";
  /** Who sends in this direction. */
  readonly sender: "client" | "server";
}

/** RFC 9113, 3.4. */
const PREFACE = new TextEncoder().encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

const FRAME_HEADER_BYTES = 9;
/** What an endpoint may send before it was told of another limit: RFC 9113, 6.5.2. Few tell of a larger one. */
const MAX_FRAME_BYTES = 16_384;
/** Frames of one call that are looked at, and fields of a header block. */
const MAX_FRAMES = 64;
const MAX_FIELDS = 8;

const HEADERS = 1;
const PADDED = 0x8;
const PRIORITY = 0x20;

/** For each type of frame: the flags it may have, and whether it belongs to a stream (1), to none (0) or to either (2). */
const FRAMES: readonly (readonly [flags: number, onStream: number])[] = [
  [0x09, 1], // DATA
  [0x2d, 1], // HEADERS
  [0x00, 1], // PRIORITY
  [0x00, 1], // RST_STREAM
  [0x01, 0], // SETTINGS
  [0x0c, 1], // PUSH_PROMISE
  [0x01, 0], // PING
  [0x00, 0], // GOAWAY
  [0x00, 2], // WINDOW_UPDATE
  [0x04, 1], // CONTINUATION
];

/**
 * The preface of a client, or frames of a connection that was joined late: a run of well-formed ones up to the end of
 * the bytes, among them HEADERS that say by their pseudo-headers who sends them.
 */
export function recogniseHttp2(bytes: Uint8Array): Guess<Http2Start> {
  const compared = Math.min(bytes.length, PREFACE.length);
  let same = 0;
  while (same < compared && bytes[same] === PREFACE[same]) same++;
  if (same === PREFACE.length) return { kind: "h2", sender: "client" };
  if (same === bytes.length && same > 0) return "unsure";
  return recogniseFrames(bytes);
}

function recogniseFrames(bytes: Uint8Array): Http2Start | undefined {
  let sender: Http2Start["sender"] | undefined;
  let offset = 0;
  for (let frames = 0; offset < bytes.length && frames < MAX_FRAMES; frames++) {
    // A header that is cut says nothing.
    if (offset + FRAME_HEADER_BYTES > bytes.length) break;
    const lengthBytes = uint24(bytes, offset);
    if (!isFrameHeader(bytes, offset, lengthBytes)) return undefined;
    if (bytes[offset + 3] === HEADERS) sender ??= senderOf(bytes, offset);
    offset += FRAME_HEADER_BYTES + lengthBytes;
  }
  return sender === undefined ? undefined : { kind: "h2", sender };
}

function isFrameHeader(bytes: Uint8Array, offset: number, lengthBytes: number): boolean {
  const [allowedFlags, onStream] = FRAMES[bytes[offset + 3] ?? 0xff] ?? [];
  if (allowedFlags === undefined || lengthBytes > MAX_FRAME_BYTES) return false;
  const flags = bytes[offset + 4] ?? 0;
  if ((flags & ~allowedFlags) !== 0 || (bytes[offset + 5] ?? 0) > 0x7f) return false;
  const stream = uint24(bytes, offset + 5) * 0x100 + (bytes[offset + 8] ?? 0);
  if (onStream !== 2 && (stream !== 0) !== (onStream === 1)) return false;
  switch (bytes[offset + 3]) {
    case 0:
    case HEADERS:
      // Streams of clients are odd; servers that push are gone.
      return stream % 2 === 1;
    case 2:
      return lengthBytes === 5;
    case 3:
    case 8:
      return lengthBytes === 4;
    case 4:
      return flags === 1 ? lengthBytes === 0 : lengthBytes % 6 === 0 && lengthBytes <= 256;
    case 6:
      return lengthBytes === 8;
    case 7:
      return lengthBytes >= 8;
    default:
      return true;
  }
}

/**
 * By the first field that is a pseudo-header of the static table: RFC 9113, 8.3, and RFC 7541, 6 and A. Those before it may
 * be numbers of what the connection's dynamic table has; a request's :scheme hardly ever is.
 */
function senderOf(bytes: Uint8Array, frame: number): Http2Start["sender"] | undefined {
  const flags = bytes[frame + 4] ?? 0;
  const blockStart = frame + FRAME_HEADER_BYTES + ((flags & PADDED) !== 0 ? 1 : 0) + ((flags & PRIORITY) !== 0 ? 5 : 0);
  const blockEnd = Math.min(bytes.length, frame + FRAME_HEADER_BYTES + uint24(bytes, frame));
  const block = new FieldIndexes(bytes, blockStart, blockEnd);
  for (let fields = 0; fields < MAX_FIELDS; fields++) {
    const index = block.next();
    if (index === undefined) return undefined;
    if (index >= 1 && index <= 7) return "client";
    if (index >= 8 && index <= 14) return "server";
  }
  return undefined;
}

/** The indexes that the fields of a header block have, or their names; 0 for a name that is spelled out. */
class FieldIndexes {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #at: number;

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  /** Undefined at the end of the block, or of what there is of it. */
  next(): number | undefined {
    // Changes of the table's size come before the first field.
    while (((this.#bytes[this.#at] ?? 0) & 0xe0) === 0x20 && this.#at < this.#end) this.#integer(0x1f);
    if (this.#at >= this.#end) return undefined;
    const first = this.#bytes[this.#at] ?? 0;
    if (first >= 0x80) return this.#integer(0x7f);
    const index = this.#integer(first >= 0x40 ? 0x3f : 0x0f);
    if (index === 0) this.#skipString();
    this.#skipString();
    return index;
  }

  #skipString(): void {
    const lengthBytes = this.#integer(0x7f);
    this.#at += lengthBytes;
  }

  /** RFC 7541, 5.1; of one that is too large no more than that it is. */
  #integer(mask: number): number {
    let value = (this.#bytes[this.#at++] ?? 0) & mask;
    if (value < mask) return value;
    for (let factor = 1; factor <= 2 ** 21; factor *= 128) {
      const byte = this.#bytes[this.#at++] ?? 0;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) break;
    }
    return value;
  }
}

function uint24(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset] ?? 0) << 16) | ((bytes[offset + 1] ?? 0) << 8) | (bytes[offset + 2] ?? 0);
}
