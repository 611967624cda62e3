/** Of a line with the size of a chunk, with its extensions. */
const MAX_SIZE_LINE_BYTES = 4096;
const MAX_TRAILER_BYTES = 65_536;
/** A size below 2^52, as more cannot be counted exactly. */
const MAX_SIZE_DIGITS = 13;

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SEMICOLON = 0x3b;

type Part = "size" | "extension" | "data" | "dataEnd" | "trailer" | "end" | "bad";

/**
 * Finds the end of a body in chunks: RFC 9112, 7.1. `dataBytes` are without the framing. After a mistake, or a gap where
 * framing was, `bad` is true and the end cannot be found.
 */
export class ChunkedBody {
  /** Of the body, as far as it went. */
  dataBytes = 0;
  #part: Part = "size";
  #sizeDigits = 0;
  /** Bytes to come of the chunk whose size is being read, or whose data is. */
  #remaining = 0;
  #lineBytes = 0;
  #trailerBytes = 0;
  #trailerLineEmpty = true;

  get ended(): boolean {
    return this.#part === "end";
  }

  get bad(): boolean {
    return this.#part === "bad";
  }

  /** Bytes of the chunk's data that are to come. */
  get remainingBytes(): number {
    return this.#part === "data" ? this.#remaining : 0;
  }

  /** Returns where it stopped: at the end of the bytes, behind the body, or at a mistake. */
  feed(bytes: Uint8Array, from: number): number {
    let offset = from;
    while (offset < bytes.length) {
      switch (this.#part) {
        case "size":
          offset = this.#size(bytes, offset);
          break;
        case "extension":
          offset = this.#extension(bytes, offset);
          break;
        case "data":
          offset += this.skip(bytes.length - offset);
          break;
        case "dataEnd":
          offset = this.#dataEnd(bytes, offset);
          break;
        case "trailer":
          offset = this.#trailer(bytes, offset);
          break;
        default:
          return offset;
      }
    }
    return offset;
  }

  /** Of so many bytes that are not there to be read, counts those that are data. Returns their number. */
  skip(lengthBytes: number): number {
    if (this.#part !== "data") return 0;
    const length = Math.min(lengthBytes, this.#remaining);
    this.#remaining -= length;
    this.dataBytes += length;
    if (this.#remaining === 0) this.#part = "dataEnd";
    return length;
  }

  #size(bytes: Uint8Array, from: number): number {
    let offset = from;
    for (; offset < bytes.length; offset++) {
      const digit = hexDigit(bytes[offset] ?? 0);
      if (digit < 0) break;
      this.#remaining = this.#remaining * 16 + digit;
      this.#sizeDigits++;
      if (this.#sizeDigits > MAX_SIZE_DIGITS) {
        this.#part = "bad";
        return offset;
      }
    }
    if (offset < bytes.length) this.#part = this.#sizeDigits > 0 && endsSize(bytes[offset]) ? "extension" : "bad";
    return offset;
  }

  #extension(bytes: Uint8Array, from: number): number {
    const end = bytes.indexOf(LINE_FEED, from);
    this.#lineBytes += (end < 0 ? bytes.length : end) - from;
    if (this.#lineBytes > MAX_SIZE_LINE_BYTES) {
      this.#part = "bad";
      return from;
    }
    if (end < 0) return bytes.length;
    this.#lineBytes = 0;
    this.#sizeDigits = 0;
    this.#part = this.#remaining > 0 ? "data" : "trailer";
    return end + 1;
  }

  #dataEnd(bytes: Uint8Array, from: number): number {
    const byte = bytes[from];
    if (byte === LINE_FEED) this.#part = "size";
    else if (byte !== CARRIAGE_RETURN || this.#lineBytes > 0) {
      this.#part = "bad";
      return from;
    }
    this.#lineBytes = byte === LINE_FEED ? 0 : 1;
    return from + 1;
  }

  /** The lines behind the last chunk; an empty one is the end. */
  #trailer(bytes: Uint8Array, from: number): number {
    const end = bytes.indexOf(LINE_FEED, from);
    const lineEnd = end < 0 ? bytes.length : end;
    if (lineEnd - from > 1 || (lineEnd > from && bytes[from] !== CARRIAGE_RETURN)) this.#trailerLineEmpty = false;
    this.#trailerBytes += lineEnd - from;
    if (this.#trailerBytes > MAX_TRAILER_BYTES) {
      this.#part = "bad";
      return from;
    }
    if (end < 0) return lineEnd;
    if (this.#trailerLineEmpty) this.#part = "end";
    this.#trailerLineEmpty = true;
    return end + 1;
  }
}

/** Some senders pad the size with spaces. */
function endsSize(byte: number | undefined): boolean {
  return byte === CARRIAGE_RETURN || byte === LINE_FEED || byte === SEMICOLON || byte === 0x20 || byte === 0x09;
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
