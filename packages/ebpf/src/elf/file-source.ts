import { fstatSync, readSync } from "node:fs";
import { FormatError } from "../errors.ts";
import { type ByteSource, checkRange } from "./byte-source.ts";

/**
 * A {@link ByteSource} over an open file, one `pread` for each read. The caller keeps the descriptor open for as long
 * as the source (and an `ElfFile` on it) is in use, and closes it.
 *
 * The size is taken once: a file that shrinks later makes a read throw {@link FormatError}.
 */
export function fileSource(fileDescriptor: number): ByteSource {
  const sizeBytes = fstatSync(fileDescriptor).size;
  return {
    sizeBytes,
    read(offset: number, length: number, scratch?: Uint8Array): Uint8Array {
      checkRange(sizeBytes, offset, length);
      const bytes =
        scratch !== undefined && scratch.length >= length ? scratch.subarray(0, length) : new Uint8Array(length);
      let filled = 0;
      while (filled < length) {
        const count = readSync(fileDescriptor, bytes, filled, length - filled, offset + filled);
        if (count === 0) throw new FormatError("the file was cut short while it was being read", { offset });
        filled += count;
      }
      return bytes;
    },
  };
}
