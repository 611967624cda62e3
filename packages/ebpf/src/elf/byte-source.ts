import { FormatError } from "../errors.ts";

/**
 * Bytes that can be read at any place, without having all of them in memory: a user's binary may be hundreds of
 * megabytes, of which a symbol look-up needs a few pages.
 */
export interface ByteSource {
  readonly sizeBytes: number;
  /**
   * Exactly `length` bytes from `offset`; possibly a view of shared memory, so not to be written to.
   *
   * @param scratch memory that a source which has to copy may copy into, if it is large enough; for callers who are done
   *   with the bytes before they read on.
   * @throws {FormatError} when the range is not inside the source.
   */
  read(offset: number, length: number, scratch?: Uint8Array): Uint8Array;
}

/** A {@link ByteSource} over bytes that are in memory already; reads are views, not copies. */
export function bytesSource(memory: Uint8Array): ByteSource {
  const bytes = plainBytes(memory);
  return {
    sizeBytes: bytes.byteLength,
    read(offset: number, length: number): Uint8Array {
      checkRange(bytes.byteLength, offset, length);
      return bytes.subarray(offset, offset + length);
    },
  };
}

/** The same memory without the methods of Node.js' Buffer, whose `slice` gives a view where a copy is meant. */
export function plainBytes(memory: Uint8Array): Uint8Array {
  return new Uint8Array(memory.buffer, memory.byteOffset, memory.byteLength);
}

/** Refuses a range that is not inside a source of `sizeBytes`, before anything is allocated for it. */
export function checkRange(sizeBytes: number, offset: number, length: number): void {
  if (offset >= 0 && length >= 0 && offset + length <= sizeBytes) return;
  throw new FormatError(`${length} bytes at offset ${offset} are beyond the end of the file (${sizeBytes} bytes)`, {
    offset,
  });
}

/** A {@link DataView} over exactly the bytes of a `Uint8Array`, wherever it lies in its buffer. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
