import {
  type ByteSource,
  type ElfFile,
  type ElfSection,
  type ElfSymbolTable,
  SHF_EXECINSTR,
  SHT_DYNSYM,
  SHT_SYMTAB,
  STB_LOCAL,
  STB_WEAK,
  STT_FUNC,
  STT_GNU_IFUNC,
  STT_NOTYPE,
  StringTable,
} from "@skep/ebpf/elf";
import { aliasRank, type Binding, GLOBAL, LOCAL, WEAK } from "../alias-rank.ts";
import { release } from "../ranges/columns.ts";
import { radixOrder } from "../ranges/radix-order.ts";
import { type RangeTable, RangeTableBuilder } from "../ranges/range-table.ts";
import { windowed } from "./windowed-source.ts";

/** Names that a table remembers: those of the functions that are on the CPU, which are few. */
const maxNames = 2048;

/** The functions of an ELF file by virtual address. */
export class FunctionTable {
  /** Values are offsets in the string table. */
  readonly ranges: RangeTable;
  readonly #strings: StringTable;
  /** By offset: a function has many addresses, and each name is a read of the file. */
  readonly #names = new Map<number, string>();

  constructor(ranges: RangeTable, strings: StringTable) {
    this.ranges = ranges;
    this.#strings = strings;
  }

  /**
   * Linkage name of the function at a virtual address. The same string is given for all addresses of a function.
   *
   * @throws {FormatError} when the file changed under us.
   */
  name(virtualAddress: number): string | undefined {
    const index = this.ranges.find(virtualAddress);
    if (index < 0) return undefined;
    const offset = this.ranges.values[index] ?? 0;
    let name = this.#names.get(offset);
    if (name === undefined) {
      name = this.#strings.at(offset);
      if (this.#names.size >= maxNames) this.#names.clear();
      this.#names.set(offset, name);
    }
    return name === "" ? undefined : name;
  }
}

/**
 * Builds the table from `.symtab` or `.dynsym`; undefined where the file has no such table, or no function in it.
 *
 * Functions and indirect functions count; so do symbols without a type in executable sections (labels of hand-written
 * assembly) where no function with a size covers them. A symbol of size 0 reaches to the next one, at most to the end
 * of its section. Where one lies in the other, the inner one has its own addresses and the outer one the rest.
 *
 * @throws {FormatError} when the table is not inside the file.
 */
export function readFunctionTable(
  elf: ElfFile,
  source: ByteSource,
  which: "symtab" | "dynsym",
): FunctionTable | undefined {
  const strings = elf.sections[elf.sections.find((section) => section.type === sectionType[which])?.link ?? -1];
  const executable = elf.sections.map((section) => (section.flags & SHF_EXECINSTR) !== 0);
  const symbols = elf.symbolTable(
    which,
    (type, sectionIndex) =>
      executable[sectionIndex] === true && (type === STT_FUNC || type === STT_GNU_IFUNC || type === STT_NOTYPE),
  );
  if (symbols === undefined || strings === undefined || symbols.count === 0) return undefined;
  const order = radixOrder(symbols.values);
  const chosen = dropAliases(symbols, order, new NameScanner(source, strings));
  const ranges = layOut(symbols, chosen, elf.sections);
  release(order, chosen, symbols.values, symbols.sizesBytes, symbols.nameOffsets);
  release(symbols.infos, symbols.others, symbols.sectionIndexes);
  return new FunctionTable(ranges, new StringTable(source, strings.offset, strings.sizeBytes));
}

const sectionType = { symtab: SHT_SYMTAB, dynsym: SHT_DYNSYM } as const;

/** Keeps one symbol of each address: functions before labels, then by {@link aliasRank}. Keeps the order. */
function dropAliases(symbols: ElfSymbolTable, order: Uint32Array, names: NameScanner): Uint32Array {
  const tied: number[] = [];
  for (let at = 0; at < order.length; at++) {
    const address = symbols.values[order[at] ?? 0];
    const before = at > 0 && symbols.values[order[at - 1] ?? 0] === address;
    const after = at + 1 < order.length && symbols.values[order[at + 1] ?? 0] === address;
    if (before || after) tied.push(order[at] ?? 0);
  }
  const ranks = rankTied(symbols, tied, names);
  const chosen = new Uint32Array(order.length);
  let count = 0;
  let bestRank = Number.POSITIVE_INFINITY;
  for (let at = 0; at < order.length; at++) {
    const index = order[at] ?? 0;
    const rank = ranks.get(index) ?? 0;
    const sameAddress = count > 0 && symbols.values[chosen[count - 1] ?? 0] === symbols.values[index];
    if (!sameAddress) chosen[count++] = index;
    else if (rank < bestRank) chosen[count - 1] = index;
    else continue;
    bestRank = rank;
  }
  return chosen.subarray(0, count);
}

/** Ranks of the symbols that share their address; read in the order of their names, so that the file is read forwards. */
function rankTied(symbols: ElfSymbolTable, tied: readonly number[], names: NameScanner): Map<number, number> {
  const nameOffsets = Uint32Array.from(tied, (index) => symbols.nameOffsets[index] ?? 0);
  const ranks = new Map<number, number>();
  const order = radixOrder(nameOffsets);
  for (const at of order) {
    const index = tied[at] ?? 0;
    const label = symbols.type(index) === STT_NOTYPE ? 2 ** 40 : 0;
    ranks.set(index, label + names.rank(nameOffsets[at] ?? 0, bindingOf(symbols.binding(index))));
  }
  release(nameOffsets, order);
  return ranks;
}

function bindingOf(binding: number): Binding {
  if (binding === STB_LOCAL) return LOCAL;
  return binding === STB_WEAK ? WEAK : GLOBAL;
}

/** Looks at names without making strings of them. */
class NameScanner {
  readonly #source: ByteSource;
  readonly #offset: number;
  readonly #end: number;

  constructor(source: ByteSource, strings: ElfSection) {
    this.#source = windowed(source);
    this.#offset = strings.offset;
    this.#end = Math.min(strings.offset + strings.sizeBytes, source.sizeBytes);
  }

  rank(nameOffset: number, binding: Binding): number {
    const start = this.#offset + nameOffset;
    // 4 KB hold all but the longest templates; those are equally unattractive.
    const bytes = this.#source.read(start, Math.max(0, Math.min(4096, this.#end - start)));
    let length = 0;
    while (length < bytes.length && bytes[length] !== 0) length++;
    return aliasRank(binding, bytes, 0, length);
  }
}

/** An outer function that goes on after the inner one that is being laid out. */
interface OpenFunction {
  readonly end: number;
  readonly nameOffset: number;
}

/** Ranges of the symbols, one for each piece of a function that no other one interrupts. */
function layOut(symbols: ElfSymbolTable, ascending: Uint32Array, sections: readonly ElfSection[]): RangeTable {
  const ranges = new RangeTableBuilder(ascending.length);
  const open: OpenFunction[] = [];
  let reached = 0;
  /** Gives what lies between `reached` and `address` to the functions that are open there, innermost first. */
  const closeUpTo = (address: number): void => {
    for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
      const end = Math.min(top.end, address);
      ranges.add(reached, end, top.nameOffset);
      reached = Math.max(reached, end);
      if (top.end > address) return;
      open.pop();
    }
  };
  for (let at = 0; at < ascending.length; at++) {
    const index = ascending[at] ?? 0;
    const start = symbols.values[index] ?? 0;
    closeUpTo(start);
    const sizeBytes = symbols.sizesBytes[index] ?? 0;
    // A label within a function is a place to jump to, not a function.
    if (symbols.type(index) === STT_NOTYPE && open.length > 0) continue;
    let end = start + sizeBytes;
    if (sizeBytes === 0) {
      const section = sections[symbols.sectionIndexes[index] ?? 0];
      const sectionEnd = section === undefined ? start : section.address + section.sizeBytes;
      const following = ascending[at + 1];
      end = following === undefined ? sectionEnd : Math.min(symbols.values[following] ?? 0, sectionEnd);
    }
    reached = start;
    // Hostile nesting: what can't be open any more at this depth only loses its remainder.
    if (open.length === 64) open.shift();
    open.push({ end, nameOffset: symbols.nameOffsets[index] ?? 0 });
  }
  closeUpTo(Number.POSITIVE_INFINITY);
  return ranges.build();
}
