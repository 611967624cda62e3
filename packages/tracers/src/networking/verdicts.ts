import type { KeyedMap } from "@skep/ebpf";

/** Of `struct verdict` in payload.h: unwanted[2], then { from, until } twice. */
const VERDICT_BYTES = 24;

/** `verdicts` of payload.h. */
export type VerdictMap = Pick<KeyedMap<unknown, unknown>, "setBytes" | "deleteBytes">;

/** What the kernel half is told of one stream: how far its payload need not be sent. */
export class Verdict {
  readonly #map: VerdictMap;
  readonly #key: Uint8Array;
  readonly #value = new DataView(new ArrayBuffer(VERDICT_BYTES));
  #written = false;

  /** @param key of the stream, as the kernel half has it */
  constructor(map: VerdictMap, key: Uint8Array) {
    this.#map = map;
    this.#key = key;
  }

  /** Nothing more is wanted in this direction. */
  refuse(direction: 0 | 1): void {
    if (this.#value.getUint32(direction * 4, true) === 1) return;
    this.#value.setUint32(direction * 4, 1, true);
    this.#write();
  }

  /** Low bits of positions. */
  skip(direction: 0 | 1, from: number, until: number): void {
    this.#value.setUint32(8 + direction * 8, from, true);
    this.#value.setUint32(12 + direction * 8, until, true);
    this.#write();
  }

  /** The stream is over. */
  withdraw(): void {
    if (this.#written) this.#map.deleteBytes(this.#key);
    this.#written = false;
  }

  #write(): void {
    this.#map.setBytes(this.#key, new Uint8Array(this.#value.buffer));
    this.#written = true;
  }
}
