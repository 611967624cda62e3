const LENGTH_BYTES = 2;
const DNS_HEADER_BYTES = 12;

/** Takes a message. It is valid during the call only, and lacks its end where that was not captured. */
export type DnsMessageHandler = (message: Uint8Array, startNs: bigint, endNs: bigint) => void;

/**
 * Finds the messages in one direction of a TCP connection, where each has its length before it (RFC 1035, section 4.2.2), in pieces
 * of any size.
 *
 * It may begin in the middle: a piece whose beginning can't be a message is left out, and so is what follows a gap in a length.
 */
export class DnsStream {
  readonly #onMessage: DnsMessageHandler;
  /** Of the message that has begun; -1 where a length is being read. */
  #wantedBytes = -1;
  /** Of it, or of its length, how many bytes went; `#held` are the first of them. */
  #seenBytes = 0;
  #held: Uint8Array<ArrayBuffer> = new Uint8Array(512);
  #heldBytes = 0;
  #isCut = false;
  #startNs = 0n;
  /** Where messages begin is not known: the next piece is looked at afresh. */
  #isLost = true;
  #framingLostCount = 0;

  constructor(onMessage: DnsMessageHandler) {
    this.#onMessage = onMessage;
  }

  /** How often the beginning of the next message was not known, the beginning of the stream aside. */
  get framingLostCount(): number {
    return this.#framingLostCount;
  }

  /** The next bytes; `startNs` and `endNs` are those of the system call. */
  bytes(data: Uint8Array, startNs: bigint, endNs: bigint): void {
    let at = 0;
    if (this.#isLost) {
      if (!canBegin(data)) return;
      this.#isLost = false;
    }
    while (at < data.length && !this.#isLost) {
      if (this.#seenBytes === 0 && this.#wantedBytes < 0) this.#startNs = startNs;
      const target = this.#wantedBytes < 0 ? LENGTH_BYTES : this.#wantedBytes;
      const end = Math.min(data.length, at + target - this.#seenBytes);
      this.#hold(data, at, end);
      this.#seenBytes += end - at;
      at = end;
      if (this.#seenBytes === target) this.#complete(endNs);
    }
  }

  /** Bytes that went but were not captured. */
  gap(lengthBytes: number, atNs: bigint): void {
    if (this.#isLost || lengthBytes === 0) return;
    const left = this.#wantedBytes - this.#seenBytes;
    if (this.#wantedBytes < 0 || lengthBytes > left) {
      if (this.#wantedBytes >= 0) this.#complete(atNs);
      this.#lose();
      return;
    }
    // What comes behind a gap can't be joined to what was held: it is counted, but no longer held.
    this.#seenBytes += lengthBytes;
    this.#isCut = true;
    if (lengthBytes === left) this.#complete(atNs);
  }

  #hold(data: Uint8Array, start: number, end: number): void {
    if (this.#isCut) return;
    const neededBytes = this.#heldBytes + end - start;
    if (neededBytes > this.#held.length) {
      const larger = new Uint8Array(Math.max(neededBytes, this.#held.length * 2));
      larger.set(this.#held.subarray(0, this.#heldBytes));
      this.#held = larger;
    }
    this.#held.set(data.subarray(start, end), this.#heldBytes);
    this.#heldBytes = neededBytes;
  }

  /** A length, or a message, is there. */
  #complete(endNs: bigint): void {
    const isLength = this.#wantedBytes < 0;
    const message = this.#held.subarray(0, this.#heldBytes);
    this.#seenBytes = 0;
    this.#heldBytes = 0;
    this.#isCut = false;
    this.#wantedBytes = isLength ? ((message[0] ?? 0) << 8) | (message[1] ?? 0) : -1;
    if (!isLength) this.#onMessage(message, this.#startNs, endNs);
    else if (this.#wantedBytes < DNS_HEADER_BYTES) this.#lose();
  }

  #lose(): void {
    this.#isLost = true;
    this.#framingLostCount++;
    this.#wantedBytes = -1;
    this.#seenBytes = 0;
    this.#heldBytes = 0;
    this.#isCut = false;
  }
}

/** Whether a message may begin here: a length that has room for a header, an opcode in use, and a plausible number of questions. */
function canBegin(data: Uint8Array): boolean {
  const [high, low, , , flags, , questionsHigh, questions] = data;
  if (high === undefined) return false;
  if (low !== undefined && high * 256 + low < DNS_HEADER_BYTES) return false;
  if (flags !== undefined && ((flags >> 3) & 15) > 6) return false;
  return questionsHigh === undefined || questions === undefined || (questionsHigh === 0 && questions <= 32);
}
