import { DynamicTable, UNKNOWN_NAME } from "./dynamic-table.ts";
import { decodeHuffman, maxDecodedBytes } from "./huffman.ts";
import { type HeaderFields, KeptHeader, keptHeader, keptHeaderOfBytes } from "./kept-headers.ts";
import { staticTable } from "./static-table.ts";

/** The limit of a table before anyone has set another (RFC 9113, section 6.5.2). */
export const DEFAULT_TABLE_BYTES = 4_096;

/**
 * Limits up to this one are taken from the encoder whatever the other side has allowed it, since we may hear of that later than the
 * encoder did, or not at all. Browsers allow this much.
 */
const PLAUSIBLE_TABLE_BYTES = 1 << 16;

/** A longer value is not kept. */
const MAX_VALUE_BYTES = 8_192;

const MAX_INTEGER = 0xffff_ffff;

const STATIC_COUNT = staticTable.length;
const staticNames = Uint8Array.from(staticTable, ([name]) => keptHeader(name));
const staticNameLengths = Uint8Array.from(staticTable, ([name]) => name.length);
const staticValues = staticTable.map(([, value]) => value);

/** What came of a block: all of it read; its end is missing, and what stands before it was read; or it is no header block. */
export type HpackResult = "complete" | "truncated" | "malformed";

// What reading an integer or a string can come to instead of a number.
const RAN_OUT = -1;
const MALFORMED = -2;

/** Where strings are decoded to before they are one. */
let scratch = Buffer.alloc(4_096);

/**
 * Decodes the header blocks of one direction of a connection (RFC 7541), from its start on, or from any later block. Entries of the
 * dynamic table that were inserted before we joined are unknown, and so are the fields that ask for them; all others are exact.
 *
 * No block makes it throw; one of n bytes costs O(n) time, and nothing stays of it but the table: 64 KiB by HPACK's reckoning.
 */
export class HpackDecoder {
  readonly #table: DynamicTable;
  /** The highest limit that the encoder may set. */
  #allowedTableBytes = PLAUSIBLE_TABLE_BYTES;
  #desynchronisedCount = 0;

  #bytes: Uint8Array = scratch;
  #at = 0;
  #end = 0;
  /** Of the string that was read last, when it is in `scratch`. */
  #textLength = 0;

  /** @param fromStart whether the first block that is given is the first of its direction */
  constructor(fromStart: boolean) {
    this.#table = new DynamicTable(fromStart ? DEFAULT_TABLE_BYTES : undefined);
  }

  /** How often the table became unknown: a block was lost, truncated or malformed. */
  get desynchronisedCount(): number {
    return this.#desynchronisedCount;
  }

  /** Whether there may be entries that we do not know. */
  get hasUnknownEntries(): boolean {
    return this.#table.hasTail;
  }

  /** Of the entries that are known, by HPACK's reckoning. */
  get tableBytes(): number {
    return this.#table.sizeBytes;
  }

  /**
   * The other side allows the encoder tables of this size (SETTINGS_HEADER_TABLE_SIZE). A lower one than before may not have
   * reached the encoder yet, so that the highest one counts.
   */
  allowTableBytes(sizeBytes: number): void {
    if (sizeBytes > this.#allowedTableBytes) this.#allowedTableBytes = sizeBytes;
  }

  /** A header block was missed. */
  lose(): void {
    this.#table.forget();
    this.#desynchronisedCount++;
  }

  /**
   * Decodes the block `bytes[start, end)`, and puts the table into the unknown state where that fails.
   *
   * @param isWhole whether the block ends there; otherwise its end was not seen, so that "complete" is never the answer
   * @param fields is filled anew; without anything where the block is malformed
   */
  decode(bytes: Uint8Array, start: number, end: number, isWhole: boolean, fields: HeaderFields): HpackResult {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
    fields.clear();
    let problem = 0;
    while (this.#at < this.#end && problem === 0) problem = this.#field(fields);
    this.#bytes = scratch;
    if (problem === 0 && isWhole) return "complete";
    this.lose();
    if (problem !== MALFORMED && !isWhole) return "truncated";
    fields.clear();
    return "malformed";
  }

  /** Reads one representation of a field, or a new limit. */
  #field(fields: HeaderFields): number {
    const first = this.#bytes[this.#at] ?? 0;
    if (first >= 0x80) return this.#indexed(fields);
    if (first >= 0x40) return this.#literal(0x3f, true, fields);
    if (first >= 0x20) return this.#limit(fields);
    return this.#literal(0x0f, false, fields);
  }

  #indexed(fields: HeaderFields): number {
    const index = this.#integer(0x7f);
    if (index <= 0) return index === 0 ? MALFORMED : index;
    fields.count++;
    if (index <= STATIC_COUNT) {
      const header = staticNames[index - 1] ?? KeptHeader.other;
      if (header !== KeptHeader.other) fields.set(header, staticValues[index - 1]);
      return 0;
    }
    const entry = index - STATIC_COUNT - 1;
    if (entry >= this.#table.count) {
      fields.unknownCount++;
      return this.#table.mayBeInTail(entry) ? 0 : MALFORMED;
    }
    const header = this.#table.name(entry);
    if (header === UNKNOWN_NAME) fields.unknownCount++;
    else if (header !== KeptHeader.other) fields.set(header, this.#table.value(entry));
    return 0;
  }

  #literal(indexMask: number, isInserted: boolean, fields: HeaderFields): number {
    const index = this.#integer(indexMask);
    if (index < 0) return index;
    let header: number;
    let nameLength: number;
    if (index === 0) {
      const problem = this.#string();
      if (problem !== 0) return problem;
      nameLength = this.#textLength;
      header = keptHeaderOfBytes(scratch, 0, nameLength);
    } else if (index <= STATIC_COUNT) {
      header = staticNames[index - 1] ?? KeptHeader.other;
      nameLength = staticNameLengths[index - 1] ?? 0;
    } else {
      const entry = index - STATIC_COUNT - 1;
      const isKnown = entry < this.#table.count;
      if (!isKnown && !this.#table.mayBeInTail(entry)) return MALFORMED;
      header = isKnown ? this.#table.name(entry) : UNKNOWN_NAME;
      nameLength = isKnown ? this.#table.nameLength(entry) : -1;
    }

    const isKept = header !== KeptHeader.other && header !== UNKNOWN_NAME;
    // Of a value that is neither kept nor reckoned with, not even the size is wanted.
    const problem = isKept || isInserted ? this.#string() : this.#skipString();
    if (problem !== 0) return problem;
    const value =
      isKept && this.#textLength <= MAX_VALUE_BYTES ? scratch.toString("latin1", 0, this.#textLength) : undefined;
    fields.count++;
    if (isKept) fields.set(header, value);
    else if (header === UNKNOWN_NAME) fields.unknownCount++;
    if (isInserted) this.#table.insert(header, nameLength, value, this.#textLength);
    return 0;
  }

  /** A new limit of the table, which may only stand at the beginning of a block. */
  #limit(fields: HeaderFields): number {
    const limitBytes = this.#integer(0x1f);
    if (limitBytes < 0) return limitBytes;
    if (fields.count > 0 || limitBytes > this.#allowedTableBytes) return MALFORMED;
    this.#table.resize(limitBytes);
    return 0;
  }

  /** Reads an integer whose first bits are those of the mask (RFC 7541, section 5.1). */
  #integer(mask: number): number {
    let value = (this.#bytes[this.#at++] ?? 0) & mask;
    if (value < mask) return value;
    for (let factor = 1; factor <= 2 ** 28; factor *= 128) {
      if (this.#at >= this.#end) return RAN_OUT;
      const byte = this.#bytes[this.#at++] ?? 0;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value <= MAX_INTEGER ? value : MALFORMED;
    }
    return MALFORMED;
  }

  /** Reads a string into `scratch`. */
  #string(): number {
    if (this.#at >= this.#end) return RAN_OUT;
    const isHuffman = (this.#bytes[this.#at] ?? 0) >= 0x80;
    const length = this.#integer(0x7f);
    if (length < 0) return length;
    const start = this.#at;
    if (length > this.#end - start) return RAN_OUT;
    this.#at = start + length;
    const neededBytes = isHuffman ? maxDecodedBytes(length) : length;
    // A block has a bound, and so have its strings.
    if (neededBytes > scratch.length) scratch = Buffer.alloc(neededBytes * 2);
    if (isHuffman) {
      this.#textLength = decodeHuffman(this.#bytes, start, this.#at, scratch);
      return this.#textLength < 0 ? MALFORMED : 0;
    }
    for (let index = 0; index < length; index++) scratch[index] = this.#bytes[start + index] ?? 0;
    this.#textLength = length;
    return 0;
  }

  #skipString(): number {
    if (this.#at >= this.#end) return RAN_OUT;
    const length = this.#integer(0x7f);
    if (length < 0) return length;
    if (length > this.#end - this.#at) return RAN_OUT;
    this.#at += length;
    return 0;
  }
}
