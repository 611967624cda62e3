import { ByteBuffer } from "../byte-buffer.ts";
import { Framing } from "./body-framing.ts";
import { ChunkedBody } from "./chunked-body.ts";
import { HeaderFields } from "./header-fields.ts";

/** What is to be done about the parts of the messages of one direction. */
export interface MessageHandler {
  /** Whether the next message may be read already. If not, the reader stops before it. */
  mayBegin(): boolean;
  /** The first line of a head, without its end. Returns false where it is none. */
  firstLine(bytes: Uint8Array, start: number, end: number, startNs: bigint): boolean;
  /** Returns a length in bytes, or a {@link Framing}. */
  headEnd(fields: HeaderFields, endNs: bigint): number;
  /** Without `endNs` it is not known when. */
  messageEnd(bodyBytes: number, endNs: bigint | undefined): void;
  /** Where the next message begins is not known any more. `partialLine`: what there was of a first line. */
  framingLost(why: "gap" | "malformed" | "tooLong", partialLine: Uint8Array | undefined): void;
  /** Bytes went by in which messages may have been. */
  missed(): void;
  /** Bytes of a body that are not needed. */
  skipUntil(position: number): void;
}

/** Of a head with its first line. */
export const MAX_HEAD_BYTES = 65_536;
/** From where on it pays to have the kernel leave out the bytes of a body. */
const MIN_SKIP_BYTES = 16_384;

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** Numbers, as these are compared several times for each line. */
const State = {
  start: 0,
  firstLine: 1,
  head: 2,
  sized: 3,
  chunked: 4,
  untilClose: 5,
  raw: 6,
  lost: 7,
  left: 8,
} as const;
type State = (typeof State)[keyof typeof State];

/** Reads the messages of one direction of an HTTP/1 connection, one after the other. */
export class MessageReader {
  readonly #handler: MessageHandler;
  #state: State = State.lost;
  #startNs = 0n;
  /** The part of a line that came before the rest of it. */
  readonly #partial = new ByteBuffer();
  #headBytes = 0;
  #fields = new HeaderFields();
  #bodyBytes = 0;
  #remainingBytes = 0;
  #chunked = new ChunkedBody();
  #skippedUntil = 0;
  #forced = false;
  #lastNs: bigint | undefined;

  constructor(handler: MessageHandler) {
    this.#handler = handler;
  }

  /** It doesn't know where the next message begins, and has to be told by {@link begin}. */
  get lost(): boolean {
    return this.#state === State.lost;
  }

  /** It stands before a message that may not begin yet, or before what is no message of HTTP/1. */
  get waits(): boolean {
    return this.#state === State.left || (this.#state === State.start && !this.#forced && !this.#handler.mayBegin());
  }

  /** A body was announced, and nothing of it came yet. */
  get beforeBody(): boolean {
    return (this.#state === State.sized || this.#state === State.chunked) && this.bodyBytes === 0;
  }

  /** Of the body that is being read. */
  get bodyBytes(): number {
    return this.#state === State.chunked ? this.#chunked.dataBytes : this.#bodyBytes;
  }

  /** The next byte is the first one of a message. */
  begin(): void {
    this.#state = State.start;
  }

  /** The next message may begin, whatever the handler says. */
  beginAnyway(): void {
    this.#forced = true;
  }

  /** What follows is no HTTP any more. */
  becomeRaw(): void {
    this.#partial.clear();
    this.#state = State.raw;
  }

  /** Returns where it stopped: at the end of the bytes, before a message that may not begin yet, or where it got lost. */
  feed(bytes: Uint8Array, position: number, startNs: bigint, endNs: bigint): number {
    let offset = 0;
    while (offset < bytes.length) {
      switch (this.#state) {
        case State.start:
          // Empty lines before a message are to be passed over: RFC 9112, 2.2.
          if (isLineEnd(bytes[offset])) offset++;
          else if (this.#forced || this.#handler.mayBegin()) this.#beginHead(startNs);
          else return offset;
          break;
        case State.firstLine:
        case State.head:
          offset = this.#line(bytes, offset, endNs);
          break;
        case State.sized:
          offset = this.#sized(bytes, offset, position, endNs);
          break;
        case State.chunked:
          offset = this.#chunks(bytes, offset, position, endNs);
          break;
        case State.untilClose:
          this.#bodyBytes += bytes.length - offset;
          this.#lastNs = endNs;
          return bytes.length;
        case State.left:
          return offset;
        default:
          return bytes.length;
      }
    }
    return offset;
  }

  /** Bytes that are not there to be read. */
  gap(lengthBytes: number, atNs: bigint | undefined): void {
    switch (this.#state) {
      case State.sized: {
        const length = Math.min(lengthBytes, this.#remainingBytes);
        this.#bodyBytes += length;
        this.#remainingBytes -= length;
        if (this.#remainingBytes === 0) this.#end(lengthBytes > length ? undefined : atNs);
        if (lengthBytes > length) this.#lose("gap");
        break;
      }
      case State.chunked:
        if (this.#chunked.skip(lengthBytes) < lengthBytes) this.#lose("gap");
        break;
      case State.untilClose:
        this.#bodyBytes += lengthBytes;
        this.#lastNs = atNs;
        break;
      case State.raw:
      case State.lost:
        break;
      default:
        this.#lose("gap");
    }
  }

  /** The body that was announced is not going to come. */
  endBeforeBody(endNs: bigint): void {
    this.#end(endNs);
  }

  /** The connection was closed, which some bodies end with. */
  close(): void {
    if (this.#state === State.untilClose) this.#end(this.#lastNs);
  }

  #beginHead(startNs: bigint): void {
    this.#state = State.firstLine;
    this.#forced = false;
    this.#startNs = startNs;
    this.#headBytes = 0;
    this.#bodyBytes = 0;
  }

  #line(bytes: Uint8Array, from: number, endNs: bigint): number {
    const lineEnd = bytes.indexOf(LINE_FEED, from);
    const next = lineEnd < 0 ? bytes.length : lineEnd + 1;
    this.#headBytes += next - from;
    if (this.#headBytes > MAX_HEAD_BYTES) {
      this.#lose("tooLong");
      return next;
    }
    if (lineEnd < 0) this.#partial.append(bytes, from, next);
    else if (this.#partial.length === 0) this.#wholeLine(bytes, from, lineEnd, endNs);
    else {
      this.#partial.append(bytes, from, lineEnd);
      const whole = this.#partial.bytes;
      this.#partial.clear();
      this.#wholeLine(whole, 0, whole.length, endNs);
    }
    return next;
  }

  #wholeLine(bytes: Uint8Array, start: number, lineEnd: number, endNs: bigint): void {
    const end = lineEnd > start && bytes[lineEnd - 1] === CARRIAGE_RETURN ? lineEnd - 1 : lineEnd;
    if (this.#state === State.firstLine) {
      this.#fields = new HeaderFields();
      if (this.#handler.firstLine(bytes, start, end, this.#startNs)) this.#state = State.head;
      else this.#lose("malformed");
    } else if (end > start) this.#fields.addLine(bytes, start, end);
    else this.#beginBody(this.#handler.headEnd(this.#fields, endNs), endNs);
  }

  #beginBody(framing: number, endNs: bigint): void {
    this.#lastNs = endNs;
    this.#skippedUntil = 0;
    switch (framing) {
      case 0:
        this.#end(endNs);
        break;
      case Framing.chunked:
        this.#chunked = new ChunkedBody();
        this.#state = State.chunked;
        break;
      case Framing.untilClose:
        this.#state = State.untilClose;
        break;
      case Framing.raw:
        this.#state = State.raw;
        break;
      case Framing.http2:
        this.#state = State.left;
        break;
      case Framing.unknown:
        this.#lose("malformed");
        break;
      default:
        this.#remainingBytes = framing;
        this.#state = State.sized;
    }
  }

  #sized(bytes: Uint8Array, from: number, position: number, endNs: bigint): number {
    const length = Math.min(bytes.length - from, this.#remainingBytes);
    this.#bodyBytes += length;
    this.#remainingBytes -= length;
    if (this.#remainingBytes === 0) this.#end(endNs);
    else this.#skip(position + from + length + this.#remainingBytes, this.#remainingBytes);
    return from + length;
  }

  #chunks(bytes: Uint8Array, from: number, position: number, endNs: bigint): number {
    const offset = this.#chunked.feed(bytes, from);
    if (this.#chunked.bad) this.#lose("malformed");
    else if (this.#chunked.ended) this.#end(endNs);
    else this.#skip(position + offset + this.#chunked.remainingBytes, this.#chunked.remainingBytes);
    return offset;
  }

  #skip(until: number, lengthBytes: number): void {
    if (lengthBytes < MIN_SKIP_BYTES || until === this.#skippedUntil) return;
    this.#skippedUntil = until;
    this.#handler.skipUntil(until);
  }

  #end(endNs: bigint | undefined): void {
    const bodyBytes = this.bodyBytes;
    this.#state = State.start;
    this.#handler.messageEnd(bodyBytes, endNs);
  }

  #lose(why: "gap" | "malformed" | "tooLong"): void {
    const partial = this.#state === State.firstLine ? this.#partial.bytes : undefined;
    this.#state = State.lost;
    this.#handler.framingLost(why, partial);
    this.#partial.clear();
  }
}

function isLineEnd(byte: number | undefined): boolean {
  return byte === LINE_FEED || byte === CARRIAGE_RETURN;
}
