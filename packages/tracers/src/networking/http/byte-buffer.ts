const EMPTY = new Uint8Array(0);

/** Bytes that come piece by piece, in one growing block. */
export class ByteBuffer {
  #block: Uint8Array = EMPTY;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** What it holds; valid until it is changed. */
  get bytes(): Uint8Array {
    return this.#block.subarray(0, this.#length);
  }

  append(bytes: Uint8Array, start: number, end: number): void {
    const length = this.#length + end - start;
    if (length > this.#block.length) {
      const larger = new Uint8Array(Math.max(length, 2 * this.#block.length));
      larger.set(this.bytes);
      this.#block = larger;
    }
    this.#block.set(bytes.subarray(start, end), this.#length);
    this.#length = length;
  }

  clear(): void {
    this.#length = 0;
    this.#block = EMPTY;
  }
}
