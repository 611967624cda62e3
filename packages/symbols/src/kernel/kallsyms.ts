import { aliasRank, type Binding, GLOBAL, LOCAL, WEAK } from "../alias-rank.ts";
import { cut, moved, release } from "../ranges/columns.ts";
import { radixOrder } from "../ranges/radix-order.ts";
import { type RangeTable, RangeTableBuilder } from "../ranges/range-table.ts";

/** What `/proc/kallsyms` says of code: the values of `ranges` are offsets of NUL-terminated names in `names`. */
export interface Kallsyms {
  readonly ranges: RangeTable;
  readonly names: Uint8Array;
  /** Where the symbols of each module lie; the kernel itself is the module without a name. */
  readonly regions: readonly KallsymsRegion[];
  /** There are symbols, but all at address zero: `kernel.kptr_restrict` hides them from this process. */
  readonly hidden: boolean;
}

/** Consecutive addresses of one module, as doubles like all addresses here. `bpf` and `__builtin__ftrace` are modules too. */
export interface KallsymsRegion {
  readonly module: string;
  readonly start: number;
  /** First address after the region. */
  readonly end: number;
}

/** Reads on from where the last call ended, and says how many bytes it read: 0 at the end. */
export type ReadNext = (buffer: Uint8Array, offset: number) => number;

const newline = 0x0a;
const chunkBytes = 1 << 16;
const pageBytes = 4096;
/** Stands for the name of a symbol that only ends the one before it. */
const noName = 0xffff_ffff;
/** More than any kernel has, and few enough that the columns stay below 100 MB on nonsense. */
const maxSymbols = 1 << 22;

/**
 * Ends of the kernel's text sections (`kernel/vmlinux.lds.S`). What follows them is data, or text that was freed
 * after boot.
 */
const sectionEnds: ReadonlySet<string> = new Set(["_etext", "_einittext"]);
/**
 * The compiler's padding before a function (CONFIG_FUNCTION_PADDING_BYTES), which has a symbol of its own. Half of the
 * table of an x86 kernel is such symbols; no code runs there, so they only end the function before them.
 */
const paddingPrefix = Buffer.from("__pfx_");

/**
 * Parses the text of `/proc/kallsyms` piece by piece, and keeps what is code.
 *
 * Addresses are doubles of their low 53 bits: the high 11 are all ones in every kernel address.
 */
export function parseKallsyms(readNext: ReadNext): Kallsyms {
  const collector = new SymbolCollector();
  const buffer = new Uint8Array(chunkBytes);
  let filled = 0;
  for (;;) {
    const count = readNext(buffer, filled);
    filled += count;
    let lineStart = 0;
    for (;;) {
      let lineEnd = lineStart;
      while (lineEnd < filled && buffer[lineEnd] !== newline) lineEnd++;
      if (lineEnd === filled) break;
      collector.addLine(buffer, lineStart, lineEnd);
      lineStart = lineEnd + 1;
    }
    if (count === 0) {
      // The last line, where it has no newline.
      if (lineStart < filled) collector.addLine(buffer, lineStart, filled);
      return collector.finish();
    }
    // A line that fills the whole buffer is no symbol: drop what there is of it.
    if (lineStart === 0 && filled === buffer.length) lineStart = filled;
    buffer.copyWithin(0, lineStart, filled);
    filled -= lineStart;
  }
}

class SymbolCollector {
  #count = 0;
  #addresses = new Float64Array(1 << 16);
  #nameOffsets = new Uint32Array(1 << 16);
  #ranks = new Float64Array(1 << 16);
  #moduleIndexes = new Uint16Array(1 << 16);
  #names = new Uint8Array(1 << 20);
  #namesLength = 0;
  readonly #modules: string[] = [""];
  #lastModule: { readonly bytes: Uint8Array; readonly index: number } = { bytes: new Uint8Array(0), index: 0 };
  #allZero = true;

  /** `ffffffff81000000 T name` and, for modules, a tab and `[module]`. Anything else is left out. */
  addLine(bytes: Uint8Array, start: number, end: number): void {
    const addressEnd = start + 16;
    if (end < addressEnd + 4 || bytes[addressEnd] !== 0x20 || bytes[addressEnd + 2] !== 0x20) return;
    const binding = textBinding(bytes[addressEnd + 1] ?? 0);
    if (binding === undefined || this.#count === maxSymbols) return;
    const high = parseHex32(bytes, start);
    const low = parseHex32(bytes, start + 8);
    if (high < 0 || low < 0) return;
    const nameStart = addressEnd + 3;
    let nameEnd = nameStart;
    while (nameEnd < end && bytes[nameEnd] !== 0x09) nameEnd++;
    if (high !== 0 || low !== 0) this.#allZero = false;
    this.#reserve(nameEnd - nameStart + 1);
    const index = this.#count++;
    this.#addresses[index] = (high % 0x20_0000) * 0x1_0000_0000 + low;
    this.#moduleIndexes[index] = nameEnd < end ? this.#moduleIndex(bytes.subarray(nameEnd + 2, end - 1)) : 0;
    if (endsPrevious(bytes, nameStart, nameEnd)) {
      this.#nameOffsets[index] = noName;
      this.#ranks[index] = Number.MAX_VALUE;
      return;
    }
    this.#nameOffsets[index] = this.#namesLength;
    this.#ranks[index] = aliasRank(binding, bytes, nameStart, nameEnd);
    // In a loop: `set` of a `subarray` allocates, and costs more than these few bytes.
    for (let at = nameStart; at < nameEnd; at++) this.#names[this.#namesLength++] = bytes[at] ?? 0;
    this.#names[this.#namesLength++] = 0;
  }

  finish(): Kallsyms {
    const hidden = this.#count > 0 && this.#allZero;
    if (hidden) this.#count = 0;
    const order = radixOrder(this.#addresses, this.#count);
    const ranges = new RangeTableBuilder(this.#count);
    const regions: KallsymsRegion[] = [];
    let regionStart = 0;
    for (let at = 0; at < order.length; ) {
      const address = this.#addresses[order[at] ?? 0] ?? 0;
      let best = order[at] ?? 0;
      let next = at + 1;
      for (; next < order.length && this.#addresses[order[next] ?? 0] === address; next++) {
        const candidate = order[next] ?? 0;
        if ((this.#ranks[candidate] ?? 0) < (this.#ranks[best] ?? 0)) best = candidate;
      }
      const following = order[next];
      const module = this.#moduleIndexes[best] ?? 0;
      // Nothing tells the size of the last function of a module: it is believed to end with its page.
      const regionEnds = following === undefined || this.#moduleIndexes[following] !== module;
      const end = regionEnds ? (Math.floor(address / pageBytes) + 1) * pageBytes : (this.#addresses[following] ?? 0);
      const nameOffset = this.#nameOffsets[best] ?? noName;
      if (nameOffset !== noName) ranges.add(address, clipToNext(end, following, this.#addresses), nameOffset);
      if (at === 0) regionStart = address;
      if (regionEnds) {
        regions.push({ module: this.#modules[module] ?? "", start: regionStart, end });
        regionStart = following === undefined ? 0 : (this.#addresses[following] ?? 0);
      }
      at = next;
    }
    release(order, this.#addresses, this.#nameOffsets, this.#ranks, this.#moduleIndexes);
    return { ranges: ranges.build(), names: cut(this.#names, this.#namesLength), regions, hidden };
  }

  #moduleIndex(name: Uint8Array): number {
    // Symbols of a module follow each other.
    if (Buffer.compare(name, this.#lastModule.bytes) === 0) return this.#lastModule.index;
    const text = Buffer.from(name).toString("latin1");
    let index = this.#modules.indexOf(text);
    if (index < 0) index = this.#modules.push(text) - 1;
    this.#lastModule = { bytes: name.slice(), index };
    return index;
  }

  #reserve(nameBytes: number): void {
    if (this.#count === this.#addresses.length) {
      this.#addresses = moved(this.#addresses, new Float64Array(this.#count * 2));
      this.#nameOffsets = moved(this.#nameOffsets, new Uint32Array(this.#count * 2));
      this.#ranks = moved(this.#ranks, new Float64Array(this.#count * 2));
      this.#moduleIndexes = moved(this.#moduleIndexes, new Uint16Array(this.#count * 2));
    }
    if (this.#namesLength + nameBytes > this.#names.length) {
      const sizeBytes = Math.max(this.#names.length * 2, this.#namesLength + nameBytes);
      this.#names = moved(this.#names, new Uint8Array(sizeBytes));
    }
  }
}

function clipToNext(end: number, following: number | undefined, addresses: Float64Array): number {
  return following === undefined ? end : Math.min(end, addresses[following] ?? end);
}

/** Types as `nm` prints them: t and w are code, upper case where global; everything else is data. */
function textBinding(type: number): Binding | undefined {
  switch (type) {
    case 0x54: // T
      return GLOBAL;
    case 0x74: // t
      return LOCAL;
    case 0x57: // W
    case 0x77: // w
      return WEAK;
    default:
      return undefined;
  }
}

function endsPrevious(bytes: Uint8Array, start: number, end: number): boolean {
  if (bytes[start] !== 0x5f) return false;
  if (startsWith(bytes, start, paddingPrefix)) return true;
  return end - start <= 10 && sectionEnds.has(Buffer.from(bytes.subarray(start, end)).toString("latin1"));
}

/** The caller's buffer goes on after every name, so a short name just differs. */
function startsWith(bytes: Uint8Array, start: number, prefix: Uint8Array): boolean {
  for (let at = 0; at < prefix.length; at++) {
    if (bytes[start + at] !== prefix[at]) return false;
  }
  return true;
}

/** Eight hexadecimal digits, or -1. */
function parseHex32(bytes: Uint8Array, start: number): number {
  let value = 0;
  for (let at = start; at < start + 8; at++) {
    const byte = bytes[at] ?? 0;
    // Digits are 0x30..0x39, letters 0x41..0x46 and 0x61..0x66.
    const digit = byte <= 0x39 ? byte - 0x30 : (byte | 0x20) - 0x57;
    if (digit < 0 || digit > 15 || (byte > 0x39 && digit < 10)) return -1;
    value = value * 16 + digit;
  }
  return value;
}
