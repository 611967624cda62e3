import { huffmanCodes } from "../huffman.ts";
import { staticTable } from "../static-table.ts";

/** How a field is put: as literals with or without an entry made of it. A field that stands in a table may be put by its index. */
export interface EncodedField {
  readonly name: string;
  readonly value: string;
  readonly representation: "indexed" | "inserted" | "plain" | "neverIndexed";
  readonly huffman: boolean;
}

const codes = huffmanCodes();

export function encodeHuffman(text: string): Buffer {
  const bytes: number[] = [];
  let bits = 0n;
  let count = 0n;
  for (const byte of Buffer.from(text, "latin1")) {
    const { code, lengthBits } = codes[byte] ?? { code: 0, lengthBits: 0 };
    bits = (bits << BigInt(lengthBits)) | BigInt(code);
    count += BigInt(lengthBits);
    for (; count >= 8n; count -= 8n) bytes.push(Number((bits >> (count - 8n)) & 0xffn));
    bits &= (1n << count) - 1n;
  }
  if (count > 0n) bytes.push(Number((bits << (8n - count)) | ((1n << (8n - count)) - 1n)));
  return Buffer.from(bytes);
}

export function encodeInteger(value: number, prefixBits: number, firstByte: number): number[] {
  const max = 2 ** prefixBits - 1;
  if (value < max) return [firstByte | value];
  const bytes = [firstByte | max];
  let rest = value - max;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  bytes.push(rest);
  return bytes;
}

/** A plain encoder with a table of its own, straight from RFC 7541, which the decoder is tested against. */
export class HpackEncoder {
  readonly #entries: (readonly [name: string, value: string])[] = [];
  #limitBytes = 4_096;

  get entryCount(): number {
    return this.#entries.length;
  }

  get sizeBytes(): number {
    return this.#entries.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0);
  }

  /** The bytes that set a new limit, which stand at the beginning of a block. */
  setLimit(limitBytes: number): Buffer {
    this.#limitBytes = limitBytes;
    this.#evict();
    return Buffer.from(encodeInteger(limitBytes, 5, 0x20));
  }

  encode(fields: readonly EncodedField[]): Buffer {
    return Buffer.concat(fields.map((field) => this.#field(field)));
  }

  #field({ name, value, representation, huffman }: EncodedField): Buffer {
    const table = [...staticTable, ...this.#entries];
    const whole = table.findIndex(([knownName, knownValue]) => knownName === name && knownValue === value) + 1;
    if (representation === "indexed" && whole > 0) return Buffer.from(encodeInteger(whole, 7, 0x80));
    const [prefixBits, firstByte] =
      representation === "plain" ? [4, 0] : representation === "neverIndexed" ? [4, 0x10] : [6, 0x40];
    const nameIndex = table.findIndex(([knownName]) => knownName === name) + 1;
    const bytes = Buffer.concat([
      Buffer.from(encodeInteger(nameIndex, prefixBits, firstByte)),
      ...(nameIndex === 0 ? [this.#string(name, huffman)] : []),
      this.#string(value, huffman),
    ]);
    if (firstByte === 0x40) {
      this.#entries.unshift([name, value]);
      this.#evict();
    }
    return bytes;
  }

  #string(text: string, huffman: boolean): Buffer {
    const bytes = huffman ? encodeHuffman(text) : Buffer.from(text, "latin1");
    return Buffer.concat([Buffer.from(encodeInteger(bytes.length, 7, huffman ? 0x80 : 0)), bytes]);
  }

  #evict(): void {
    while (this.sizeBytes > this.#limitBytes) this.#entries.pop();
  }
}
