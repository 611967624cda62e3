import type { HeaderFields } from "./header-fields.ts";

/** How the end of a body is found: its length in bytes, or one of these. */
export const Framing = {
  chunked: -1,
  untilClose: -2,
  /** What follows is no HTTP any more. */
  raw: -3,
  unknown: -4,
  /** What follows is HTTP/2. */
  http2: -5,
} as const;

/** RFC 9112, 6.3. A length in bytes, or a {@link Framing}. */
export function requestFraming(fields: HeaderFields): number {
  if (isContradictory(fields)) return Framing.unknown;
  if (fields.transferEncoding !== undefined) {
    return fields.transferEncoding === "chunked" ? Framing.chunked : Framing.unknown;
  }
  return fields.contentLength ?? 0;
}

/** Without `method` it is not known what the response answers. */
export function responseFraming(fields: HeaderFields, status: number, method: string | undefined): number {
  if (status === 101) return Framing.raw;
  if (status < 200 || status === 204 || status === 304 || method === "HEAD") return 0;
  if (method === undefined) return Framing.unknown;
  if (method === "CONNECT" && status < 300) return Framing.raw;
  if (isContradictory(fields)) return Framing.unknown;
  if (fields.transferEncoding !== undefined) {
    return fields.transferEncoding === "chunked" ? Framing.chunked : Framing.untilClose;
  }
  return fields.contentLength ?? Framing.untilClose;
}

/** Receivers differ in what they make of these, and most refuse them. */
function isContradictory(fields: HeaderFields): boolean {
  const both = fields.transferEncoding !== undefined && fields.contentLength !== undefined;
  return fields.malformed || fields.contentLengthBad || both;
}
