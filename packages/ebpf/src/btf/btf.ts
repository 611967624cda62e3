import { plainBytes } from "../elf/byte-source.ts";
import { FormatError } from "../errors.ts";
import { type BtfHeader, headerRange, parseBtfHeader } from "./header.ts";
import { inflateType } from "./inflate.ts";
import { essentialName, hashEssential, hashName, NameIndex } from "./name-index.ts";
import { BtfKind, type BtfType, trailingBytes } from "./types.ts";

const decoder = new TextDecoder();
const minimumHeaderBytes = 24;
const typeHeaderBytes = 12;

/**
 * Kinds that CO-RE and type look-ups ask for by name. Functions are two thirds of a kernel's named types and are rarely
 * asked for: they, variables and the rest have an index of their own.
 */
const typeKinds: ReadonlySet<number> = new Set([
  BtfKind.int,
  BtfKind.struct,
  BtfKind.union,
  BtfKind.enum,
  BtfKind.forward,
  BtfKind.typedef,
  BtfKind.float,
  BtfKind.enum64,
]);

const declarationKinds: ReadonlySet<number> = new Set([BtfKind.function, BtfKind.variable, BtfKind.dataSection]);

const voidType: BtfType = { kind: BtfKind.void };

/**
 * BTF type information (`.BTF` of an object, or `/sys/kernel/btf/*`).
 *
 * Parsing makes one pass that notes where each type starts: 4 bytes for each type on top of the raw bytes, which are
 * kept and must not change. Types become objects when they are asked for, and stay.
 *
 * The types of split BTF (kernel modules) continue the numbers of its base; so do its string offsets.
 */
export class Btf {
  /** Type ids are 0 (void) to `typeCount - 1`, those of the base included. */
  readonly typeCount: number;
  /** First id of this BTF's own types: 1, or the base's {@link typeCount}. */
  readonly firstTypeId: number;
  readonly base: Btf | undefined;
  readonly littleEndian: boolean;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  /** Byte offset in `#bytes` of each own type. */
  readonly #offsets: Uint32Array;
  readonly #typesStart: number;
  readonly #typesEnd: number;
  readonly #stringsStart: number;
  readonly #stringsEnd: number;
  /** String offset at which this BTF's own strings begin. */
  readonly #firstString: number;
  readonly #inflated: Map<number, BtfType> = new Map();
  #typeIndex: NameIndex | undefined;
  #declarationIndex: NameIndex | undefined;

  private constructor(bytes: Uint8Array, base: Btf | undefined) {
    const header = parseBtfHeader(bytes, "BTF", minimumHeaderBytes);
    const types = headerRange(header, "the type section of BTF", 8);
    const strings = headerRange(header, "the string section of BTF", 16);
    if (base !== undefined && base.littleEndian !== header.littleEndian) {
      throw new FormatError("split BTF and its base differ in endianness");
    }
    if (strings.end > strings.start && bytes[strings.end - 1] !== 0) {
      throw new FormatError("the string section of BTF does not end with a NUL", { offset: strings.end - 1 });
    }
    this.base = base;
    this.littleEndian = header.littleEndian;
    this.#bytes = plainBytes(bytes);
    this.#view = header.view;
    this.#typesStart = types.start;
    this.#typesEnd = types.end;
    this.#stringsStart = strings.start;
    this.#stringsEnd = strings.end;
    this.#firstString = base === undefined ? 0 : base.#firstString + base.#stringsEnd - base.#stringsStart;
    this.firstTypeId = base?.typeCount ?? 1;
    this.#offsets = typeOffsets(header, types.start, types.end);
    this.typeCount = this.firstTypeId + this.#offsets.length;
  }

  /**
   * @param base of split BTF: `vmlinux` for a kernel module.
   * @throws {FormatError} when the bytes are not BTF, or a type does not fit into its section.
   */
  static parse(bytes: Uint8Array, base?: Btf): Btf {
    return new Btf(bytes, base);
  }

  /** The raw bytes, as parsed. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** The type section: all own types, back to back. */
  get typeBytes(): Uint8Array {
    return this.#bytes.subarray(this.#typesStart, this.#typesEnd);
  }

  /** The own string section. */
  get stringBytes(): Uint8Array {
    return this.#bytes.subarray(this.#stringsStart, this.#stringsEnd);
  }

  /** Byte offset of an own type in {@link bytes}; undefined for void and for types of the base. */
  typeOffset(id: number): number | undefined {
    return this.#offsets[id - this.firstTypeId];
  }

  /** @throws {FormatError} when there is no such type. */
  kind(id: number): BtfKind {
    return this.#at(id, (btf, offset) => ((btf.#info(offset) >> 24) & 0x1f) as BtfKind, BtfKind.void);
  }

  /**
   * Empty for types without a name.
   *
   * @throws {FormatError} when there is no such type.
   */
  name(id: number): string {
    return this.#at(id, (btf, offset) => btf.string(btf.#view.getUint32(offset, btf.littleEndian)), "");
  }

  /**
   * The type as an object. It is made once; asking again gives the same object.
   *
   * @throws {FormatError} when there is no such type, or its bytes make no sense.
   */
  type(id: number): BtfType {
    if (id < this.firstTypeId && this.base !== undefined) return this.base.type(id);
    const known = this.#inflated.get(id);
    if (known !== undefined) return known;
    const type = this.#at(id, (btf, offset) => inflateType(btf, btf.#view, offset), voidType);
    this.#inflated.set(id, type);
    return type;
  }

  /**
   * The string at an offset of the string section. Bytes that are not UTF-8 become U+FFFD.
   *
   * @throws {FormatError} when the offset is outside of the section.
   */
  string(offset: number): string {
    if (offset < this.#firstString && this.base !== undefined) return this.base.string(offset);
    const start = this.#stringsStart + offset - this.#firstString;
    if (offset === 0 && start >= this.#stringsEnd) return "";
    if (start >= this.#stringsEnd)
      throw new FormatError(`BTF string offset ${offset} is outside of the string section`);
    return decoder.decode(this.#bytes.subarray(start, this.#bytes.indexOf(0, start)));
  }

  /**
   * Id of the first type of this name, own types before those of the base; undefined where there is none.
   *
   * @param kind where several kinds may share a name: `struct x`, `typedef x`, function `x`.
   */
  findByName(name: string, kind?: BtfKind): number | undefined {
    const hash = hashName(essentialName(name));
    const isIt = (id: number): boolean => (kind === undefined || this.kind(id) === kind) && this.name(id) === name;
    const isDeclaration = kind !== undefined && declarationKinds.has(kind);
    const found =
      (isDeclaration ? undefined : this.#types().bucket(hash).find(isIt)) ??
      (isDeclaration || kind === undefined ? this.#declarations().bucket(hash).find(isIt) : undefined);
    if (found !== undefined) return found;
    return this.base?.findByName(name, kind);
  }

  /**
   * Ids of own types (not functions or variables) whose name without flavour is `essential`, in ascending order.
   * The base's are not among them.
   */
  findByEssentialName(essential: string): number[] {
    const ids = this.#types().bucket(hashName(essential));
    return Array.from(ids).filter((id) => essentialName(this.name(id)) === essential);
  }

  #types(): NameIndex {
    this.#typeIndex ??= this.#index(typeKinds);
    return this.#typeIndex;
  }

  #declarations(): NameIndex {
    this.#declarationIndex ??= this.#index(declarationKinds);
    return this.#declarationIndex;
  }

  #index(kinds: ReadonlySet<number>): NameIndex {
    const wanted = new Uint8Array(32);
    for (const kind of kinds) wanted[kind] = 1;
    const ids = new Uint32Array(this.#offsets.length);
    const hashes = new Uint32Array(this.#offsets.length);
    let count = 0;
    for (let index = 0; index < this.#offsets.length; index++) {
      const offset = this.#offsets[index] ?? 0;
      if (wanted[(this.#info(offset) >> 24) & 0x1f] !== 1) continue;
      const nameOffset = this.#view.getUint32(offset, this.littleEndian);
      // Names of split BTF may be the base's strings; a broken offset is met when the name is asked for.
      const owner = nameOffset < this.#firstString && this.base !== undefined ? this.base : this;
      const hash = owner.#hashAt(nameOffset);
      if (hash === undefined) continue;
      ids[count] = this.firstTypeId + index;
      hashes[count] = hash;
      count++;
    }
    return new NameIndex(ids.subarray(0, count), hashes.subarray(0, count));
  }

  /** Hash of the essential name of the string at an own offset; undefined for the empty string. */
  #hashAt(stringOffset: number): number | undefined {
    const start = this.#stringsStart + stringOffset - this.#firstString;
    if (start >= this.#stringsEnd || this.#bytes[start] === 0) return undefined;
    return hashEssential(this.#bytes, start);
  }

  #info(offset: number): number {
    return this.#view.getUint32(offset + 4, this.littleEndian);
  }

  #at<T>(id: number, read: (btf: Btf, offset: number) => T, ofVoid: T): T {
    if (id === 0) return ofVoid;
    if (id < this.firstTypeId && this.base !== undefined) return this.base.#at(id, read, ofVoid);
    const offset = this.#offsets[id - this.firstTypeId];
    if (offset === undefined) throw new FormatError(`BTF has no type ${id}; the last one is ${this.typeCount - 1}`);
    return read(this, offset);
  }
}

/** The one pass over all types: where each starts. Only sizes are checked. */
function typeOffsets({ view, littleEndian }: BtfHeader, start: number, end: number): Uint32Array {
  // No type is smaller than its header, so this is enough; it is cut to size afterwards.
  const offsets = new Uint32Array(Math.floor((end - start) / typeHeaderBytes));
  let count = 0;
  for (let offset = start; offset < end; ) {
    if (offset + typeHeaderBytes > end) throw new FormatError("BTF ends within a type", { offset });
    const info = view.getUint32(offset + 4, littleEndian);
    const kind = (info >> 24) & 0x1f;
    const trailing = trailingBytes(kind, info & 0xffff);
    if (trailing === undefined) throw new FormatError(`BTF type ${count + 1} has unknown kind ${kind}`, { offset });
    offsets[count++] = offset;
    offset += typeHeaderBytes + trailing;
    if (offset > end) throw new FormatError("BTF ends within a type", { offset });
  }
  return offsets.slice(0, count);
}
