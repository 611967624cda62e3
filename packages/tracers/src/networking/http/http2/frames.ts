/** What of HTTP/2's framing is needed (RFC 9113, sections 4 and 6). */

export const FRAME_HEADER_BYTES = 9;

export const FrameType = {
  data: 0x0,
  headers: 0x1,
  priority: 0x2,
  rstStream: 0x3,
  settings: 0x4,
  pushPromise: 0x5,
  ping: 0x6,
  goaway: 0x7,
  windowUpdate: 0x8,
  continuation: 0x9,
  altSvc: 0xa,
  origin: 0xc,
  priorityUpdate: 0x10,
} as const;

export const FrameFlag = { endStream: 0x1, ack: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const;

export const Setting = { headerTableSize: 0x1, maxFrameSize: 0x5 } as const;

/** What a client sends before its first frame. */
export const PREFACE: Buffer = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** The flags that each type of frame may have. */
const flagsByType = new Map<number, number>([
  [FrameType.data, FrameFlag.endStream | FrameFlag.padded],
  [FrameType.headers, FrameFlag.endStream | FrameFlag.endHeaders | FrameFlag.padded | FrameFlag.priority],
  [FrameType.priority, 0],
  [FrameType.rstStream, 0],
  [FrameType.settings, FrameFlag.ack],
  [FrameType.pushPromise, FrameFlag.endHeaders | FrameFlag.padded],
  [FrameType.ping, FrameFlag.ack],
  [FrameType.goaway, 0],
  [FrameType.windowUpdate, 0],
  [FrameType.continuation, FrameFlag.endHeaders],
  [FrameType.altSvc, 0],
  [FrameType.origin, 0],
  [FrameType.priorityUpdate, 0],
]);

/** Whether a receiver would take this header for that of a frame: its length and its stream fit its type. */
export function isValidFrame(type: number, lengthBytes: number, streamId: number, maxFrameBytes: number): boolean {
  if (lengthBytes > maxFrameBytes) return false;
  switch (type) {
    case FrameType.data:
    case FrameType.headers:
    case FrameType.continuation:
      return streamId !== 0;
    case FrameType.priority:
      return streamId !== 0 && lengthBytes === 5;
    case FrameType.rstStream:
      return streamId !== 0 && lengthBytes === 4;
    case FrameType.settings:
      return streamId === 0 && lengthBytes % 6 === 0;
    case FrameType.pushPromise:
      return streamId !== 0 && lengthBytes >= 4;
    case FrameType.ping:
      return streamId === 0 && lengthBytes === 8;
    case FrameType.goaway:
      return streamId === 0 && lengthBytes >= 8;
    case FrameType.windowUpdate:
      return lengthBytes === 4;
    default:
      return true;
  }
}

/**
 * Whether a frame begins at the beginning of these bytes, which may be anything: its header is one that a sender would write, not
 * just one that a receiver would take, and so are those that follow it.
 */
export function beginsWithFrame(bytes: Uint8Array, maxFrameBytes: number): boolean {
  if (bytes.length < FRAME_HEADER_BYTES) return false;
  for (let at = 0; at + FRAME_HEADER_BYTES <= bytes.length; ) {
    const lengthBytes = u24(bytes, at);
    const type = bytes[at + 3] ?? 0;
    const flags = bytes[at + 4] ?? 0;
    const allowedFlags = flagsByType.get(type);
    if (allowedFlags === undefined || (flags & ~allowedFlags) !== 0) return false;
    if ((bytes[at + 5] ?? 0) >= 0x80) return false;
    if (!isValidFrame(type, lengthBytes, u31(bytes, at + 5), maxFrameBytes)) return false;
    if (type === FrameType.settings && (flags & FrameFlag.ack) !== 0 && lengthBytes > 0) return false;
    at += FRAME_HEADER_BYTES + lengthBytes;
  }
  return true;
}

/** Whether these bytes are those of the client's preface, as far as they go. */
export function beginsWithPreface(bytes: Uint8Array): boolean {
  const length = Math.min(bytes.length, PREFACE.length);
  for (let index = 0; index < length; index++) {
    if (bytes[index] !== PREFACE[index]) return false;
  }
  return true;
}

export function u24(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset] ?? 0) << 16) | ((bytes[offset + 1] ?? 0) << 8) | (bytes[offset + 2] ?? 0);
}

/** The id of a stream: without the bit before it, which is reserved. */
export function u31(bytes: Uint8Array, offset: number): number {
  return (((bytes[offset] ?? 0) & 0x7f) << 24) | u24(bytes, offset + 1);
}
