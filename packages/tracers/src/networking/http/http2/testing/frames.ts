import { FrameType } from "../frames.ts";

/** A frame of one direction. */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Uint8Array;
}

export function encodeFrame(type: number, flags: number, streamId: number, payload: Uint8Array | string = ""): Buffer {
  const bytes = Buffer.from(payload);
  const header = Buffer.alloc(9);
  header.writeUIntBE(bytes.length, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(streamId, 5);
  return Buffer.concat([header, bytes]);
}

/** RST_STREAM with CANCEL. */
export function encodeReset(streamId: number): Buffer {
  return encodeFrame(FrameType.rstStream, 0, streamId, Uint8Array.of(0, 0, 0, 8));
}

export function u32(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, index * 4);
  return bytes;
}
