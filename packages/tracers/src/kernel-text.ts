/**
 * Texts in what the kernel halves send. By `Buffer`, which makes a string of 15 bytes in a third of the time of a
 * `TextDecoder`, and a row or record has one or two.
 */

/** Of all the memory that the last view was of: rows and records come by the hundred from the same. */
let lastBytes: Buffer = Buffer.alloc(0);

/** The memory that a view is of, from its beginning: offsets are those of the view and its own `byteOffset`. */
export function bytesOf({ buffer }: ArrayBufferView): Buffer {
  if (lastBytes.buffer !== buffer) lastBytes = Buffer.from(buffer);
  return lastBytes;
}

/** UTF-8 up to the first NUL, if there is one within so many bytes; what is none shows as U+FFFD. */
export function textUntilNul(bytes: Buffer, start: number, maximumBytes: number): string {
  let end = start;
  while (end < start + maximumBytes && bytes[end] !== 0) end++;
  return bytes.toString("utf8", start, end);
}
