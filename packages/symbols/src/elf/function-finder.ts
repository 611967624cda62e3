import { FormatError } from "@skep/ebpf";
import {
  type ByteSource,
  type ElfFile,
  type ElfSection,
  SHF_EXECINSTR,
  SHT_DYNSYM,
  SHT_SYMTAB,
  STB_LOCAL,
  STB_WEAK,
  STT_FUNC,
  STT_GNU_IFUNC,
  STT_NOTYPE,
  StringTable,
  symbolBlocks,
  symbolEntryBytes,
  symbolEntryWords,
  uint64At,
} from "@skep/ebpf/elf";
import { aliasRank, type Binding, GLOBAL, LOCAL, WEAK } from "../alias-rank.ts";

/** A stretch of code with one name, as far as a search has found out: the function may well be larger. */
export interface FoundFunction {
  readonly start: number;
  /** First address after it. */
  readonly end: number;
  /** Linkage name; undefined where no function is. */
  readonly name: string | undefined;
}

/** One of the symbols that share an address. */
interface Candidate {
  readonly nameOffset: number;
  readonly info: number;
  readonly sectionIndex: number;
  readonly sizeBytes: number;
}

/** What one pass over the table tells about an address. */
interface Surroundings {
  readonly address: number;
  /** The last start at or before it; -1 where there is none. */
  start: number;
  /** The first start after it. */
  nextStart: number;
  /** Starts of symbols that reach over it, some of them, the last ones. */
  readonly covering: number[];
}

const sectionType = { symtab: SHT_SYMTAB, dynsym: SHT_DYNSYM } as const;

/** Hostile nesting: what lies deeper loses its remainder. */
const maxCovering = 16;
/** Names of one address; more than that many only a file has that wants to keep us busy. */
const maxCandidates = 4096;
/** 4 KB hold all but the longest templates; those are equally unattractive. */
const maxRankedNameBytes = 4096;
/** Nearly all symbols that are not looked for are passed over by one of so many bytes, chosen by a part of the address. */
const filterSize = 1 << 13;

/**
 * Finds functions of an ELF file by virtual address, in `.symtab` or `.dynsym`. It keeps nothing of the table: it reads
 * through it for as many addresses at once as there are, which takes 5 ms for the 100,000 functions of a large program.
 *
 * Functions and indirect functions count; so do symbols without a type in executable sections (labels of hand-written
 * assembly) where no function with a size covers them. A symbol of size 0 reaches to the next one, at most to the end
 * of its section. Where one lies in the other, the inner one has its own addresses and the outer one the rest.
 */
export class FunctionFinder {
  readonly #source: ByteSource;
  readonly #table: ElfSection;
  readonly #strings: ElfSection;
  readonly #littleEndian: boolean;
  /** By section: 0 where there is no code in it, and no function counts. */
  readonly #sectionEnds: Float64Array;

  private constructor(elf: ElfFile, source: ByteSource, table: ElfSection, strings: ElfSection) {
    this.#source = source;
    this.#table = table;
    this.#strings = strings;
    this.#littleEndian = elf.header.endianness === "little";
    this.#sectionEnds = Float64Array.from(elf.sections, ({ flags, address, sizeBytes }) =>
      (flags & SHF_EXECINSTR) === 0 ? 0 : address + sizeBytes,
    );
  }

  /**
   * Undefined where the file has no such table, or no function in it.
   *
   * @throws {FormatError} when the table is not inside the file.
   */
  static of(elf: ElfFile, source: ByteSource, which: "symtab" | "dynsym"): FunctionFinder | undefined {
    const table = elf.sections.find(({ type }) => type === sectionType[which]);
    if (table === undefined) return undefined;
    const strings = elf.sections[table.link];
    if (strings === undefined) throw new FormatError(`${table.name} has no string table`, { offset: table.offset });
    if (table.offset + table.sizeBytes > source.sizeBytes) {
      throw new FormatError(`${table.name} is beyond the end of the file`, { offset: table.offset });
    }
    const finder = new FunctionFinder(elf, source, table, strings);
    return finder.#hasFunctions() ? finder : undefined;
  }

  /**
   * What is at each of the addresses, which are ascending and distinct.
   *
   * @throws {FormatError} when the file changed under us.
   */
  find(addresses: Float64Array): FoundFunction[] {
    const surroundings = this.#survey(addresses);
    const starts = new Set(surroundings.flatMap(({ start, covering }) => [start, ...covering]));
    const symbols = this.#choose(starts);
    for (const label of this.#labelsWithin(symbols)) symbols.delete(label);
    const strings = new StringTable(this.#source, this.#strings.offset, this.#strings.sizeBytes);
    return surroundings.map((around) => this.#functionAt(around, symbols, strings));
  }

  /** Where the chosen symbols are labels within a function: places to jump to, and no functions. */
  #labelsWithin(symbols: ReadonlyMap<number, Candidate>): number[] {
    const labels = [...symbols].filter(([, { info }]) => typeOf(info) === STT_NOTYPE).map(([start]) => start);
    if (labels.length === 0) return [];
    const around = this.#survey(Float64Array.from(labels).sort());
    const outer = this.#choose(new Set(around.flatMap(({ covering }) => covering)));
    const reachesOver = (start: number, label: number): boolean => {
      const { info = STT_NOTYPE, sizeBytes = 0 } = outer.get(start) ?? {};
      return start < label && typeOf(info) !== STT_NOTYPE && start + sizeBytes > label;
    };
    return around
      .filter(({ address, covering }) => covering.some((start) => reachesOver(start, address)))
      .map(({ address }) => address);
  }

  #hasFunctions(): boolean {
    for (const words of this.#blocks()) {
      for (let entry = 0; entry < words.length; entry += symbolEntryWords) {
        if (this.#isFunction(words[entry + 1] ?? 0)) return true;
      }
    }
    return false;
  }

  #functionAt(
    { address, start: lastStart, nextStart, covering }: Surroundings,
    symbols: ReadonlyMap<number, Candidate>,
    strings: StringTable,
  ): FoundFunction {
    for (const start of [lastStart, ...covering.sort((a, b) => b - a)]) {
      const symbol = symbols.get(start);
      if (symbol === undefined) continue;
      const { sizeBytes, sectionIndex } = symbol;
      const ownEnd = sizeBytes > 0 ? start + sizeBytes : (this.#sectionEnds[sectionIndex] ?? 0);
      // One without a size has ended where another one began.
      if (ownEnd <= address || (sizeBytes === 0 && start !== lastStart)) continue;
      return {
        // Before a later start it may have been another's.
        start: start === lastStart ? start : address,
        end: Math.min(ownEnd, nextStart),
        name: strings.at(symbol.nameOffset) || undefined,
      };
    }
    return { start: address, end: nextStart, name: undefined };
  }

  /** One pass over the table: what is around each of the ascending addresses. */
  #survey(addresses: Float64Array): Surroundings[] {
    const count = addresses.length;
    const around = Array.from(addresses, (address) => ({
      address,
      start: -1,
      nextStart: Number.POSITIVE_INFINITY,
      covering: [] as number[],
    }));
    // The last and the first start after the address before, up to this one; one more behind the last address.
    const lastStarts = new Float64Array(count + 1).fill(-1);
    const firstStarts = new Float64Array(count + 1).fill(Number.POSITIVE_INFINITY);
    // Nested as functions are, each address has few: a file that has more for all of them is not read to its end.
    let budget = maxCovering * (count + this.#entryCount);
    for (const words of this.#blocks()) {
      for (let entry = 0; entry < words.length; entry += symbolEntryWords) {
        if (!this.#isFunction(words[entry + 1] ?? 0)) continue;
        const start = uint64At(words, entry + 2);
        const at = lowerBound(addresses, start);
        if (start > (lastStarts[at] ?? 0)) lastStarts[at] = start;
        if (start < (firstStarts[at] ?? 0)) firstStarts[at] = start;
        if (at === count) continue;
        const end = start + uint64At(words, entry + 4);
        for (let covered = at; (addresses[covered] ?? end) < end && budget > 0; covered++, budget--) {
          addCovering(around[covered]?.covering, start);
        }
      }
    }
    let lastStart = -1;
    for (const [at, each] of around.entries()) {
      lastStart = Math.max(lastStart, lastStarts[at] ?? 0);
      each.start = lastStart;
    }
    let nextStart = Number.POSITIVE_INFINITY;
    for (let at = count - 1; at >= 0; at--) {
      nextStart = Math.min(nextStart, firstStarts[at + 1] ?? nextStart);
      const each = around[at];
      if (each !== undefined) each.nextStart = nextStart;
    }
    return around;
  }

  /** Another pass: of the symbols that start at each of these addresses the one that is shown. */
  #choose(starts: ReadonlySet<number>): Map<number, Candidate> {
    const filter = new Uint8Array(filterSize);
    for (const start of starts) filter[filterIndex(start % 0x1_0000_0000)] = 1;
    const candidates = new Map<number, Candidate[]>();
    for (const words of this.#blocks()) {
      for (let entry = 0; entry < words.length; entry += symbolEntryWords) {
        const traits = words[entry + 1] ?? 0;
        if (filter[filterIndex(words[entry + 2] ?? 0)] === 0 || !this.#isFunction(traits)) continue;
        const start = uint64At(words, entry + 2);
        if (!starts.has(start)) continue;
        const sharing = candidates.get(start) ?? [];
        candidates.set(start, sharing);
        if (sharing.length === maxCandidates) continue;
        sharing.push({
          nameOffset: words[entry] ?? 0,
          info: traits & 0xff,
          sectionIndex: traits >>> 16,
          sizeBytes: uint64At(words, entry + 4),
        });
      }
    }
    const chosen = new Map<number, Candidate>();
    for (const [start, sharing] of candidates) {
      const best = this.#best(sharing);
      if (best !== undefined) chosen.set(start, best);
    }
    return chosen;
  }

  /** Functions before labels, then by {@link aliasRank}, then the one that comes first. */
  #best(sharing: readonly Candidate[]): Candidate | undefined {
    const [first, ...others] = sharing;
    if (first === undefined || others.length === 0) return first;
    let best = first;
    let bestRank = this.#rank(first);
    for (const candidate of others) {
      const rank = this.#rank(candidate);
      if (rank < bestRank) [best, bestRank] = [candidate, rank];
    }
    return best;
  }

  #rank({ info, nameOffset }: Candidate): number {
    const { offset, sizeBytes } = this.#strings;
    const start = offset + nameOffset;
    const available = Math.min(offset + sizeBytes, this.#source.sizeBytes) - start;
    const bytes = this.#source.read(start, Math.max(0, Math.min(maxRankedNameBytes, available)));
    const length = bytes.indexOf(0);
    const label = typeOf(info) === STT_NOTYPE ? 2 ** 40 : 0;
    return label + aliasRank(bindingOf(info >> 4), bytes, 0, length < 0 ? bytes.length : length);
  }

  /** @param traits the second word of an entry */
  #isFunction(traits: number): boolean {
    const type = typeOf(traits);
    if (type !== STT_FUNC && type !== STT_NOTYPE && type !== STT_GNU_IFUNC) return false;
    return (this.#sectionEnds[traits >>> 16] ?? 0) > 0;
  }

  get #entryCount(): number {
    return Math.floor(this.#table.sizeBytes / symbolEntryBytes);
  }

  #blocks(): Generator<Uint32Array> {
    return symbolBlocks(this.#source, this.#table.offset, this.#entryCount, this.#littleEndian);
  }
}

/** Functions begin at multiples of 16, mostly. */
function filterIndex(low32Bits: number): number {
  return (low32Bits >>> 4) & (filterSize - 1);
}

function typeOf(info: number): number {
  return info & 0xf;
}

function bindingOf(binding: number): Binding {
  if (binding === STB_LOCAL) return LOCAL;
  return binding === STB_WEAK ? WEAK : GLOBAL;
}

/** Each start once; of too many the last ones. */
function addCovering(covering: number[] | undefined, start: number): void {
  if (covering === undefined || covering.includes(start)) return;
  if (covering.length < maxCovering) {
    covering.push(start);
    return;
  }
  const first = covering.indexOf(Math.min(...covering));
  if ((covering[first] ?? start) < start) covering[first] = start;
}

/** Number of leading elements of an ascending array that are below the value. */
function lowerBound(ascending: Float64Array, value: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ascending[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
