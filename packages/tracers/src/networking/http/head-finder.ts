import { ByteBuffer } from "./byte-buffer.ts";

/** What bytes are the beginning of: something, nothing, or too few of them to say. */
export type Guess<Match> = Match | "unsure" | undefined;

/** A beginning that was found. Valid until the finder is given something else. */
export interface FoundHead<Match> {
  readonly match: Match;
  readonly position: number;
  readonly bytes: Uint8Array;
  readonly startNs: bigint;
}

/** The longest first line that is waited for. */
const MAX_HELD_BYTES = 16_384;

/** Bytes that may become the beginning of a head, with the time of the first call that had some. */
export interface HeldHead {
  readonly position: number;
  readonly bytes: Uint8Array;
  readonly startNs: bigint;
  readonly endNs: bigint;
}

export interface HeadFinderOptions<Match> {
  readonly guess: (bytes: Uint8Array) => Guess<Match>;
  /** Whether a match can hardly be anything else. Asked where bytes match both with and without those before them. */
  readonly isCertain: (match: Match, bytes: Uint8Array) => boolean;
  /** The first bytes are the first ones of the stream. */
  readonly fromStart: boolean;
  /** So many bytes are not the beginning of a head. */
  readonly ignored: (lengthBytes: number) => void;
}

/**
 * Looks for the beginning of a head at the beginning of each run of bytes, and nowhere else: what one call sends begins
 * with a head far more often than not, while bodies may hold text that looks like one.
 */
export class HeadFinder<Match extends object> {
  readonly #options: HeadFinderOptions<Match>;
  /** Bytes that may become the beginning of a head. */
  readonly #held = new ByteBuffer();
  #heldPosition = 0;
  #heldStartNs = 0n;
  #heldEndNs = 0n;
  /** What is held, or comes next, is the beginning of the stream. */
  #fromStart: boolean;

  constructor(options: HeadFinderOptions<Match>) {
    this.#options = options;
    this.#fromStart = options.fromStart;
  }

  find(position: number, data: Uint8Array, startNs: bigint, endNs: bigint): FoundHead<Match> | undefined {
    const match = this.#options.guess(data);
    if (this.#held.length > 0) {
      const joined = this.#findJoined(data, typeof match === "object");
      if (joined !== undefined) return joined === "unsure" ? undefined : joined;
    }
    if (typeof match === "object") return { match, position, bytes: data, startNs };
    if (match === "unsure" && data.length <= MAX_HELD_BYTES) {
      this.#held.append(data, 0, data.length);
      this.#heldPosition = position;
      this.#heldStartNs = startNs;
      this.#heldEndNs = endNs;
    } else {
      this.#fromStart = false;
      this.#options.ignored(data.length);
    }
    return undefined;
  }

  /** Takes bytes that may become the beginning of a head. */
  take(): HeldHead | undefined {
    if (this.#held.length === 0) return undefined;
    const { bytes } = this.#held;
    this.#held.clear();
    return { position: this.#heldPosition, bytes, startNs: this.#heldStartNs, endNs: this.#heldEndNs };
  }

  /** After a gap. */
  clear(): void {
    this.#fromStart = false;
    if (this.#held.length === 0) return;
    this.#options.ignored(this.#held.length);
    this.#held.clear();
  }

  /** Of what is held and these bytes behind it. Keeps it as long as it may become a match. */
  #findJoined(data: Uint8Array, matchesAlone: boolean): FoundHead<Match> | "unsure" | undefined {
    const { guess, isCertain } = this.#options;
    this.#held.append(data, 0, data.length);
    const bytes = this.#held.bytes;
    const match = guess(bytes);
    if (match === "unsure" && bytes.length <= MAX_HELD_BYTES && !matchesAlone) return match;
    this.#held.clear();
    if (typeof match !== "object" || (matchesAlone && !this.#fromStart && !isCertain(match, bytes))) {
      this.#options.ignored(bytes.length - data.length);
      return undefined;
    }
    return { match, position: this.#heldPosition, bytes, startNs: this.#heldStartNs };
  }
}
