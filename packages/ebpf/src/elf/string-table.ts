import { FormatError } from "../errors.ts";
import type { ByteSource } from "./byte-source.ts";

const decoder = new TextDecoder();

/** First guess at a name's length: one read is enough for nearly all names that are not C++ templates. */
const firstReadBytes = 128;

/** Each name is decoded before the next one is read: memory of its own for each would cost more than reading it. */
const scratch = new Uint8Array(firstReadBytes);

/**
 * A section of NUL-terminated strings, read one string at a time: the string table of a large C++ binary is bigger
 * than everything else of it that is needed.
 */
export class StringTable {
  readonly #source: ByteSource;
  readonly #offset: number;
  readonly #sizeBytes: number;

  constructor(source: ByteSource, offset: number, sizeBytes: number) {
    this.#source = source;
    this.#offset = offset;
    this.#sizeBytes = Math.max(0, Math.min(sizeBytes, source.sizeBytes - offset));
  }

  /**
   * The string that starts at `offset` of the table; bytes that are not UTF-8 become U+FFFD.
   *
   * @throws {FormatError} when the offset is not in the table or the string has no end.
   */
  at(offset: number): string {
    if (offset < 0 || offset >= this.#sizeBytes) {
      throw new FormatError(`string offset ${offset} is outside of the string table (${this.#sizeBytes} bytes)`);
    }
    const available = this.#sizeBytes - offset;
    for (let length = firstReadBytes; ; length *= 4) {
      const bytes = this.#source.read(this.#offset + offset, Math.min(length, available), scratch);
      const end = bytes.indexOf(0);
      if (end >= 0) return decoder.decode(bytes.subarray(0, end));
      if (length >= available) {
        throw new FormatError(`the string at offset ${offset} of a string table has no end`);
      }
    }
  }
}
