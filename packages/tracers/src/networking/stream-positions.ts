/** Positions in one direction of a stream, counted on from the low 32 bits that records have of them. */
export class StreamPositions {
  #low: number | undefined;
  #position = 0;

  /** @param first low bits of position 0; that of the first record where it is not known */
  constructor(first?: number) {
    this.#low = first;
  }

  /** Of a record with these low bits. One that comes out of turn may lie before it. */
  extend(low: number): number {
    // The difference, as a signed number: records come more or less in order.
    const step = this.#low === undefined ? 0 : (low - this.#low) | 0;
    this.#low = low;
    this.#position += step;
    return this.#position;
  }

  /** The low bits of a position that is not more than 2 GiB away from the last record's. */
  lowBitsOf(position: number): number {
    return ((this.#low ?? 0) + (position - this.#position)) >>> 0;
  }

  /** Of the last record. */
  get last(): number {
    return this.#position;
  }
}
