import { BtfKind } from "../btf/types.ts";
import { viewOf } from "../elf/byte-source.ts";

/** A member of a struct, for {@link BtfBuilder.struct}. */
export interface MemberToBuild {
  readonly name: string;
  readonly type: number;
  readonly bitOffset: number;
  readonly bitSize?: number;
}

/** Writes BTF by hand, for what no compiler makes: split BTF, big-endian BTF, types that contradict themselves. */
export class BtfBuilder {
  readonly #littleEndian: boolean;
  readonly #firstTypeId: number;
  readonly #firstString: number;
  readonly #words: number[] = [];
  #strings = "";
  #count = 0;

  /** @param base ids and string offsets go on from there: `typeCount` and size of the string section of a base. */
  constructor(
    options: {
      readonly littleEndian?: boolean;
      readonly base?: { readonly typeCount: number; readonly stringBytes: number };
    } = {},
  ) {
    this.#littleEndian = options.littleEndian ?? true;
    this.#firstTypeId = options.base?.typeCount ?? 1;
    this.#firstString = options.base?.stringBytes ?? 0;
    if (options.base === undefined) this.#strings = "\0";
  }

  /** Offset of a string, which is added. */
  string(text: string): number {
    if (text === "") return 0;
    const offset = this.#firstString + this.#strings.length;
    this.#strings += `${text}\0`;
    return offset;
  }

  /** Adds a type of 32-bit words and returns its id. */
  add(
    name: string,
    kind: number,
    vlen: number,
    sizeOrType: number,
    words: readonly number[] = [],
    flag = false,
  ): number {
    this.#words.push(this.string(name), ((flag ? 0x80 : 0) << 24) | (kind << 24) | vlen, sizeOrType, ...words);
    return this.#firstTypeId + this.#count++;
  }

  int(name: string, sizeBytes: number, signed = false): number {
    return this.add(name, BtfKind.int, 0, sizeBytes, [((signed ? 1 : 0) << 24) | (sizeBytes * 8)]);
  }

  bool(): number {
    return this.add("_Bool", BtfKind.int, 0, 1, [(4 << 24) | 8]);
  }

  pointer(type: number): number {
    return this.add("", BtfKind.pointer, 0, type);
  }

  typedef(name: string, type: number): number {
    return this.add(name, BtfKind.typedef, 0, type);
  }

  array(type: number, length: number): number {
    return this.add("", BtfKind.array, 0, 0, [type, type, length]);
  }

  struct(name: string, sizeBytes: number, members: readonly MemberToBuild[]): number {
    return this.#composite(BtfKind.struct, name, sizeBytes, members);
  }

  union(name: string, sizeBytes: number, members: readonly MemberToBuild[]): number {
    return this.#composite(BtfKind.union, name, sizeBytes, members);
  }

  enum(name: string, values: Readonly<Record<string, number>>): number {
    const words = Object.entries(values).flatMap(([value, number]) => [this.string(value), number]);
    return this.add(
      name,
      BtfKind.enum,
      words.length / 2,
      4,
      words,
      Object.values(values).some((value) => value < 0),
    );
  }

  enum64(name: string, values: Readonly<Record<string, bigint>>, signed = false): number {
    const words = Object.entries(values).flatMap(([value, number]) => [
      this.string(value),
      Number(BigInt.asUintN(32, number)),
      Number(BigInt.asUintN(32, number >> 32n)),
    ]);
    return this.add(name, BtfKind.enum64, words.length / 3, 8, words, signed);
  }

  /** @param headerBytes 24, or more for headers of newer kernels. */
  bytes(headerBytes = 24): Uint8Array {
    const strings = new TextEncoder().encode(this.#strings);
    const bytes = new Uint8Array(headerBytes + this.#words.length * 4 + strings.byteLength);
    const view = viewOf(bytes);
    view.setUint16(0, 0xeb9f, this.#littleEndian);
    view.setUint8(2, 1);
    const header = [headerBytes, 0, this.#words.length * 4, this.#words.length * 4, strings.byteLength];
    for (const [index, word] of header.entries()) view.setUint32(4 + index * 4, word, this.#littleEndian);
    for (const [index, word] of this.#words.entries()) {
      view.setUint32(headerBytes + index * 4, word >>> 0, this.#littleEndian);
    }
    bytes.set(strings, headerBytes + this.#words.length * 4);
    return bytes;
  }

  #composite(kind: number, name: string, sizeBytes: number, members: readonly MemberToBuild[]): number {
    const flag = members.some(({ bitSize }) => bitSize !== undefined);
    const words = members.flatMap(({ name: member, type, bitOffset, bitSize = 0 }) => [
      this.string(member),
      type,
      (bitSize << 24) | bitOffset,
    ]);
    return this.add(name, kind, members.length, sizeBytes, words, flag);
  }
}
