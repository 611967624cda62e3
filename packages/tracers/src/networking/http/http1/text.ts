import { bytesOf } from "../../../kernel-values.ts";

/** The bytes as text; what is no UTF-8 is replaced. */
export function textOf(bytes: Uint8Array, start: number, end: number): string {
  const { byteOffset, length } = bytes;
  return bytesOf(bytes).toString("utf8", byteOffset + start, byteOffset + Math.min(end, length));
}

const METHODS = ["GET", "POST", "PUT", "HEAD", "PATCH", "DELETE", "OPTIONS"] as const;

/** The same as {@link textOf}, quicker for the methods that most requests have. */
export function methodOf(bytes: Uint8Array, start: number, end: number): string {
  const length = end - start;
  for (const method of METHODS) {
    if (method.length !== length) continue;
    let same = 0;
    while (same < length && bytes[start + same] === method.charCodeAt(same)) same++;
    if (same === length) return method;
  }
  return textOf(bytes, start, end);
}
