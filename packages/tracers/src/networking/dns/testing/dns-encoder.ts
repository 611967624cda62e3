export interface EncodedAnswer {
  readonly name: string | Uint8Array;
  readonly type: number;
  readonly data: Uint8Array | readonly number[];
}

export interface EncodedMessage {
  readonly id?: number;
  readonly flags?: number;
  readonly questions?: readonly (readonly [name: string | Uint8Array, type: number])[];
  readonly answers?: readonly EncodedAnswer[];
}

export const TYPES = { A: 1, NS: 2, CNAME: 5, AAAA: 28, OPT: 41, HTTPS: 65 } as const;

/** QR, RD and RA. */
export const RESPONSE = 0x8180;
export const QUERY = 0x0100;

/** A pointer to another name. */
export function pointer(offset: number): Uint8Array {
  return Uint8Array.of(0xc0 | (offset >> 8), offset & 0xff);
}

/** Without compression. */
export function encodeName(name: string): Buffer {
  const labels = name === "." ? [] : name.split(".");
  const bytes = labels.map((label) => Buffer.concat([Uint8Array.of(label.length), Buffer.from(label, "latin1")]));
  return Buffer.concat([...bytes, Uint8Array.of(0)]);
}

export function encodeMessage({ id = 1, flags = QUERY, questions = [], answers = [] }: EncodedMessage): Buffer {
  const nameOf = (name: string | Uint8Array) => (typeof name === "string" ? encodeName(name) : name);
  return Buffer.concat([
    u16(id, flags, questions.length, answers.length, 0, 0),
    ...questions.flatMap(([name, type]) => [nameOf(name), u16(type, 1)]),
    ...answers.flatMap(({ name, type, data }) => [
      nameOf(name),
      u16(type, 1, 0, 60, data.length),
      Uint8Array.from(data),
    ]),
  ]);
}

/** As it goes over TCP. */
export function withLength(message: Uint8Array): Buffer {
  return Buffer.concat([u16(message.length), message]);
}

function u16(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2);
  for (const [index, value] of values.entries()) bytes.writeUInt16BE(value, index * 2);
  return bytes;
}
