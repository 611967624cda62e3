import type { Guess } from "./head-finder.ts";
import {
  isCertainStart,
  mayBecomeStartLine,
  parseStartLine,
  type RequestLine,
  type StatusLine,
} from "./http1/start-line.ts";
import { type Http2Start, recogniseHttp2 } from "./recognise-http2.ts";

/** The first bytes of a stream whose protocol is to be found out. */
export type StreamStart = RequestLine | StatusLine | Http2Start;

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** Where something else may be the beginning, too. */
export function isCertain(start: StreamStart, bytes: Uint8Array): boolean {
  return start.kind === "h2" || isCertainStart(start, bytes);
}

/** What these bytes are the beginning of. */
export function recogniseStart(bytes: Uint8Array): Guess<StreamStart> {
  const http2 = recogniseHttp2(bytes);
  if (http2 !== undefined) return http2;
  const lineEnd = bytes.indexOf(LINE_FEED);
  if (lineEnd < 0) return mayBecomeStartLine(bytes, 0, bytes.length) ? "unsure" : undefined;
  const end = lineEnd > 0 && bytes[lineEnd - 1] === CARRIAGE_RETURN ? lineEnd - 1 : lineEnd;
  return parseStartLine(bytes, 0, end);
}
