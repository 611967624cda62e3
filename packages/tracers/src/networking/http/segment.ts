/** Which way bytes went, as the traced process sees it. */
export type Direction = "sent" | "received";

/** Bytes that went one way on a stream, or of which only the length is known. */
export interface Segment {
  readonly direction: Direction;
  /**
   * Of the first byte in this direction's stream, at most 2^53 - 1. The first byte of a connection has 0; where that one
   * is not known, that of the first segment.
   */
  readonly position: number;
  /** How many bytes really went. */
  readonly lengthBytes: number;
  /** The first bytes of them, as many as were captured, maybe none. They are valid during the call only. */
  readonly data: Uint8Array;
  /** When the system call was entered, by CLOCK_MONOTONIC. */
  readonly startNs: bigint;
  /** When it returned. */
  readonly endNs: bigint;
}

export function opposite(direction: Direction): Direction {
  return direction === "sent" ? "received" : "sent";
}
