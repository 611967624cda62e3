/** Of a string beside its characters: its header, its place in the array, and its entry in the map. */
const ENTRY_BYTES = 96;

const NOT_LATIN_1 = /[\u0100-\uffff]/;

/** What a table tells of itself when asked how full it is. */
export interface Fill {
  readonly sizeBytes: number;
  /** 0 to 1. */
  readonly fullness: number;
}

/** Strings stored once and referred to by number, within a bound. Number 0 is the empty string. */
export class StringTable {
  readonly #limitBytes: number;
  #texts: string[] = [""];
  readonly #ids = new Map<string, number>([["", 0]]);
  #sizeBytes = ENTRY_BYTES;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  get size(): number {
    return this.#texts.length;
  }

  /** Estimated, since V8 doesn't tell: what a string, a place in an array and an entry of a map take. */
  get fill(): Fill {
    return { sizeBytes: this.#sizeBytes, fullness: this.#sizeBytes / this.#limitBytes };
  }

  /** The number of the text; undefined where it is new and there is no room. */
  add(text: string): number | undefined {
    const known = this.#ids.get(text);
    if (known !== undefined) return known;
    const sizeBytes = textBytes(text);
    if (this.#sizeBytes + sizeBytes > this.#limitBytes) return undefined;
    this.#sizeBytes += sizeBytes;
    const id = this.#texts.push(text) - 1;
    this.#ids.set(text, id);
    return id;
  }

  find(text: string): number | undefined {
    return this.#ids.get(text);
  }

  text(id: number): string {
    const text = this.#texts[id];
    if (text === undefined) throw new RangeError(`there is no string ${id}`);
    return text;
  }

  /** Forgets all but those marked with 1, and gives the new number of each of them. */
  keep(used: Uint8Array): Int32Array {
    used[0] = 1;
    const renumbered = new Int32Array(this.#texts.length);
    const texts: string[] = [];
    this.#ids.clear();
    this.#sizeBytes = 0;
    for (const [id, text] of this.#texts.entries()) {
      if (used[id] !== 1) continue;
      renumbered[id] = texts.push(text) - 1;
      this.#ids.set(text, texts.length - 1);
      this.#sizeBytes += textBytes(text);
    }
    this.#texts = texts;
    return renumbered;
  }
}

/** V8 keeps a byte per character as long as all of them are Latin-1, else two. */
function textBytes(text: string): number {
  return ENTRY_BYTES + text.length * (NOT_LATIN_1.test(text) ? 2 : 1);
}
