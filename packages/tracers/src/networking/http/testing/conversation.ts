import { HttpCounts } from "../http-counts.ts";
import type { HttpExchange, HttpSide } from "../http-request.ts";
import { HttpStream, type HttpStreamOptions } from "../http-stream.ts";
import type { CloseReason } from "../protocol.ts";
import type { Direction, Segment } from "../segment.ts";

export const CALL_NS = 1000n;

export interface Sent {
  readonly from: "client" | "server";
  readonly data: Uint8Array;
}

/** What a client and a server say, in order; one call each. */
export function says(from: "client" | "server", text: string | Uint8Array): Sent {
  return { from, data: typeof text === "string" ? Buffer.from(text, "latin1") : text };
}

export function client(text: string | Uint8Array): Sent {
  return says("client", text);
}

export function server(text: string | Uint8Array): Sent {
  return says("server", text);
}

/** Segments as the traced process on one side would have them, one every microsecond. */
export function segmentsOf(conversation: readonly Sent[], side: HttpSide = "server"): Segment[] {
  const positions = { sent: 0, received: 0 };
  return conversation.map(({ from, data }, index) => {
    const direction: Direction = from === side ? "sent" : "received";
    const position = positions[direction];
    positions[direction] += data.length;
    const startNs = BigInt(index + 1) * CALL_NS;
    return { direction, position, lengthBytes: data.length, data, startNs, endNs: startNs + CALL_NS / 2n };
  });
}

/** The same bytes in as many calls as there are pieces, cut at these offsets of the whole stream of its direction. */
export function cut({ direction, position, data, startNs, endNs }: Segment, at: readonly number[]): Segment[] {
  const bounds = [0, ...at.map((offset) => offset - position).filter((offset) => offset > 0 && offset < data.length)];
  bounds.sort((one, other) => one - other);
  return bounds.map((from, index) => {
    const piece = data.subarray(from, bounds[index + 1] ?? data.length);
    return { direction, position: position + from, lengthBytes: piece.length, data: piece, startNs, endNs };
  });
}

/** A segment of which nothing was captured but its length. */
export function uncaptured(segment: Segment): Segment {
  return { ...segment, data: new Uint8Array(0) };
}

export interface Trace {
  readonly requests: HttpExchange[];
  readonly counts: HttpCounts;
  readonly stream: HttpStream;
  readonly skips: [Direction, number][];
}

export type TraceOptions = Omit<HttpStreamOptions, "counts" | "onRequest" | "onWanted">;

export function traceOf(options: TraceOptions = {}): Trace {
  const requests: HttpExchange[] = [];
  const skips: [Direction, number][] = [];
  const counts = new HttpCounts();
  const stream = new HttpStream({
    ...options,
    counts,
    onRequest: (request) => requests.push(request),
    onWanted: (direction, { skipUntil }) => skips.push([direction, skipUntil]),
  });
  return { requests, counts, stream, skips };
}

/** What is traced of the segments until the connection is closed. */
export function trace(segments: readonly Segment[], options: TraceOptions = {}, reason: CloseReason = "closed"): Trace {
  const traced = traceOf(options);
  for (const segment of segments) traced.stream.add(segment);
  traced.stream.close((segments.at(-1)?.endNs ?? 0n) + CALL_NS, reason);
  return traced;
}

/** `GET /a -> 200 (0/5) complete`: what most tests want to know. */
export function brief(request: HttpExchange): string {
  const { method = "?", path, host, status = "-", requestBytes = "?", responseBytes = "?", outcome } = request;
  return `${method} ${path ?? host ?? "?"} -> ${status} (${requestBytes}/${responseBytes}) ${outcome}`;
}

export function briefs(
  conversation: readonly Sent[],
  options: TraceOptions = {},
  reason: CloseReason = "closed",
): string[] {
  return trace(segmentsOf(conversation), options, reason).requests.map(brief);
}
