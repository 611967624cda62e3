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

/**
 * Looks for the beginning of a head at the beginning of each run of bytes, and nowhere else: what one call sends begins
 * with a head far more often than not, while bodies may hold text that looks like one.
 */
export class HeadFinder<Match extends object> {
  readonly #guess: (bytes: Uint8Array) => Guess<Match>;
  /** Bytes that may become the beginning of a head. */
  readonly #held = new ByteBuffer();
  #heldPosition = 0;
  #heldStartNs = 0n;

  constructor(guess: (bytes: Uint8Array) => Guess<Match>) {
    this.#guess = guess;
  }

  find(position: number, data: Uint8Array, startNs: bigint): FoundHead<Match> | undefined {
    if (this.#held.length > 0) {
      this.#held.append(data, 0, data.length);
      const match = this.#guess(this.#held.bytes);
      if (typeof match === "object") {
        const bytes = this.#held.bytes;
        this.#held.clear();
        return { match, position: this.#heldPosition, bytes, startNs: this.#heldStartNs };
      }
      if (match === "unsure" && this.#held.length <= MAX_HELD_BYTES) return undefined;
      this.#held.clear();
    }
    const match = this.#guess(data);
    if (typeof match === "object") return { match, position, bytes: data, startNs };
    if (match === "unsure" && data.length <= MAX_HELD_BYTES) {
      this.#held.append(data, 0, data.length);
      this.#heldPosition = position;
      this.#heldStartNs = startNs;
    }
    return undefined;
  }

  /** After a gap. */
  clear(): void {
    if (this.#held.length > 0) this.#held.clear();
  }
}
