import type { ByteSource } from "@skep/ebpf/elf";

const windowBytes = 1 << 16;

/**
 * The same bytes, read in pieces of 64 KB: for many small reads that go forwards. What was read is good until the next
 * read.
 */
export function windowed(source: ByteSource): ByteSource {
  const window = new Uint8Array(Math.min(windowBytes, source.sizeBytes));
  let start = 0;
  let piece: Uint8Array = new Uint8Array(0);
  return {
    sizeBytes: source.sizeBytes,
    read(offset: number, length: number): Uint8Array {
      if (offset < start || offset + length > start + piece.length) {
        const available = Math.max(length, Math.min(windowBytes, source.sizeBytes - offset));
        piece = source.read(offset, available, window);
        start = offset;
      }
      return piece.subarray(offset - start, offset - start + length);
    },
  };
}
