import { type Guess, HeadFinder } from "../head-finder.ts";
import type { HttpCounts } from "../http-counts.ts";
import type { Rest } from "../protocol.ts";
import { type MessageHandler, MessageReader } from "./message-reader.ts";
import {
  isCertainStart,
  mayBecomeStartLine,
  parseRequestLine,
  parseStatusLine,
  type RequestLine,
  type StatusLine,
} from "./start-line.ts";

const MAX_HELD_BYTES = 65_536;
/** What holding a piece costs beside its bytes. */
const HELD_OVERHEAD_BYTES = 128;
const MAX_HELD_NS = 200_000_000n;

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

export type Role = "request" | "response";

/**
 * One direction of a connection: finds the first head, and the next one where framing was lost, has the messages read,
 * and holds back bytes that the other direction has to explain first.
 */
export class Lane {
  readonly #reader: MessageReader;
  readonly #finder: HeadFinder<RequestLine | StatusLine>;
  readonly #role: Role;
  readonly #handler: MessageHandler;
  /** Bytes that wait. */
  #held: Rest[] = [];
  #heldBytes = 0;

  /** `fromStart`: the first byte is the first one of a message. */
  constructor(role: Role, handler: MessageHandler, counts: HttpCounts, fromStart: boolean) {
    this.#role = role;
    this.#handler = handler;
    this.#reader = new MessageReader(handler);
    if (fromStart) this.#reader.begin();
    this.#finder = new HeadFinder({
      guess: (bytes) => guessStartLine(bytes, role),
      isCertain: isCertainStart,
      fromStart: false,
      ignored: (lengthBytes) => {
        counts.trouble.ignoredBytes += lengthBytes;
        handler.missed();
      },
    });
  }

  get holds(): boolean {
    return this.#held.length > 0;
  }

  /** A body was announced, and nothing of it came yet. */
  get beforeBody(): boolean {
    return this.#reader.beforeBody;
  }

  /** Of the body that is being read. */
  get bodyBytes(): number {
    return this.#reader.bodyBytes;
  }

  /** `startNs` is the time of the first byte. */
  bytes(position: number, data: Uint8Array, startNs: bigint, endNs: bigint): void {
    if (this.#held.length > 0) this.#hold(position, data, startNs, endNs);
    else this.#take(position, data, startNs, endNs);
  }

  gap(lengthBytes: number, atNs: bigint | undefined): void {
    this.#finder.clear();
    if (this.#reader.lost) this.#handler.missed();
    if (this.#held.length > 0) this.#holdGap(lengthBytes, atNs);
    else this.#reader.gap(lengthBytes, atNs);
  }

  /** Ends a body that was announced and does not come, if these bytes are the next request. */
  endWithheldBody(data: Uint8Array, atNs: bigint): void {
    if (typeof guessStartLine(data, this.#role) === "object") this.#reader.endBeforeBody(atNs);
  }

  /** Reads on in what is held. Returns whether something of it could be read. */
  proceed(): boolean {
    if (this.#held[0]?.bytes !== undefined && this.#reader.waits) return false;
    const held = this.#held.shift();
    if (held === undefined) return false;
    this.#heldBytes -= costOf(held);
    const { position, bytes, startNs, endNs } = held;
    if (bytes === undefined) {
      if (this.#reader.lost) this.#handler.missed();
      this.#reader.gap(held.lengthBytes, endNs);
      return true;
    }
    const rest = this.#take(position, bytes, startNs, endNs ?? startNs);
    return rest < bytes.length;
  }

  /** Reads what was held for too long, as well as it can be read. */
  tick(nowNs: bigint): void {
    const since = this.#held[0]?.endNs;
    if (since !== undefined && nowNs - since > MAX_HELD_NS) this.#reader.beginAnyway();
  }

  /** Reads all that is held. */
  flush(): void {
    while (this.#held.length > 0) {
      this.#reader.beginAnyway();
      this.proceed();
    }
  }

  /** Takes what is held: another parser goes on. */
  take(): Rest[] {
    this.#heldBytes = 0;
    return this.#held.splice(0);
  }

  becomeRaw(): void {
    this.#reader.becomeRaw();
    this.#held = [];
    this.#heldBytes = 0;
  }

  /** The connection was closed, which some bodies end with. */
  close(): void {
    this.#reader.close();
  }

  /** Returns how many bytes have to be held. */
  #take(position: number, data: Uint8Array, startNs: bigint, endNs: bigint): number {
    if (!this.#reader.lost) return this.#read(position, data, startNs, endNs);
    const found = this.#finder.find(position, data, startNs, endNs);
    if (found === undefined) return 0;
    this.#reader.begin();
    return this.#read(found.position, found.bytes, found.startNs, endNs);
  }

  #read(position: number, bytes: Uint8Array, startNs: bigint, endNs: bigint): number {
    const stop = this.#reader.feed(bytes, position, startNs, endNs);
    const rest = bytes.length - stop;
    if (rest > 0) this.#hold(position + stop, bytes.subarray(stop), startNs, endNs, "first");
    return rest;
  }

  #hold(position: number, data: Uint8Array, startNs: bigint, endNs: bigint, place?: "first"): void {
    const room = place === "first" ? MAX_HELD_BYTES : MAX_HELD_BYTES - this.#heldBytes - HELD_OVERHEAD_BYTES;
    const lengthBytes = Math.min(data.length, Math.max(0, room));
    if (lengthBytes > 0) {
      const held = { position, bytes: data.slice(0, lengthBytes), lengthBytes, startNs, endNs };
      this.#heldBytes += costOf(held);
      if (place === "first") this.#held.unshift(held);
      else this.#held.push(held);
    }
    if (lengthBytes < data.length) this.#holdGap(data.length - lengthBytes, endNs);
  }

  #holdGap(lengthBytes: number, endNs: bigint | undefined): void {
    const last = this.#held.at(-1);
    const joins = last !== undefined && last.bytes === undefined;
    const held = {
      position: joins ? last.position : 0,
      bytes: undefined,
      lengthBytes: lengthBytes + (joins ? last.lengthBytes : 0),
      startNs: 0n,
      endNs,
    };
    if (joins) this.#held[this.#held.length - 1] = held;
    else {
      this.#heldBytes += costOf(held);
      this.#held.push(held);
    }
  }
}

function costOf(held: Rest): number {
  return HELD_OVERHEAD_BYTES + (held.bytes?.length ?? 0);
}

function guessStartLine(bytes: Uint8Array, role: Role): Guess<RequestLine | StatusLine> {
  const lineEnd = bytes.indexOf(LINE_FEED);
  if (lineEnd < 0) return mayBecomeStartLine(bytes, 0, bytes.length) ? "unsure" : undefined;
  const end = lineEnd > 0 && bytes[lineEnd - 1] === CARRIAGE_RETURN ? lineEnd - 1 : lineEnd;
  return role === "request" ? parseRequestLine(bytes, 0, end) : parseStatusLine(bytes, 0, end);
}
