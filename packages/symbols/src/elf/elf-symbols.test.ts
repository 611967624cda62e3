import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FormatError } from "@skep/ebpf";
import { type ByteSource, bytesSource, ElfFile } from "@skep/ebpf/elf";
import fc from "fast-check";
import { buildElf, type ElfToBuild, pltAddress, type SymbolToBuild } from "../testing/elf-builder.ts";
import { ElfSymbols } from "./elf-symbols.ts";
import { FunctionFinder } from "./function-finder.ts";

const notype = 0;
const object = 1;
const ifunc = 10;
const local = 0;
const weak = 2;

function symbolsOf(bytes: Uint8Array): ElfSymbols {
  const source = bytesSource(bytes);
  const elf = ElfFile.parse(source);
  return new ElfSymbols(elf, source, FunctionFinder.of(elf, source, "symtab"));
}

function build(elf: ElfToBuild): ElfSymbols {
  return symbolsOf(buildElf(elf));
}

describe("ElfSymbols.name", () => {
  const cases: readonly (readonly [string, readonly SymbolToBuild[], ReadonlyMap<number, string | undefined>])[] = [
    [
      "ends a function where its size says",
      [{ name: "f", value: 0x1100, sizeBytes: 0x10 }],
      new Map([
        [0x10ff, undefined],
        [0x1100, "f"],
        [0x110f, "f"],
        [0x1110, undefined],
      ]),
    ],
    [
      "lets a function without a size reach to the next, and the last one to the end of its section",
      [
        { name: "_start", value: 0x1000, sizeBytes: 0 },
        { name: "f", value: 0x1100, sizeBytes: 0 },
      ],
      new Map([
        [0x10ff, "_start"],
        [0x1fff, "f"],
        [0x2000, undefined],
      ]),
    ],
    [
      "gives an inner function its addresses, and the outer one the rest",
      [
        { name: "outer", value: 0x1000, sizeBytes: 0x100 },
        { name: "inner", value: 0x1040, sizeBytes: 0x10 },
        { name: "innermost", value: 0x1044, sizeBytes: 4 },
      ],
      new Map([
        [0x103f, "outer"],
        [0x1040, "inner"],
        [0x1044, "innermost"],
        [0x1048, "inner"],
        [0x1050, "outer"],
        [0x10ff, "outer"],
        [0x1100, undefined],
      ]),
    ],
    [
      "lets a function that overlaps another's end go on after it",
      [
        { name: "first", value: 0x1000, sizeBytes: 0x20 },
        { name: "second", value: 0x1010, sizeBytes: 0x20 },
      ],
      new Map([
        [0x100f, "first"],
        [0x1010, "second"],
        [0x102f, "second"],
        [0x1030, undefined],
      ]),
    ],
    [
      "takes labels of assembly where no function is, and not inside of one",
      [
        { name: "f", value: 0x1000, sizeBytes: 0x20 },
        { name: "label_inside", value: 0x1010, sizeBytes: 0, type: notype },
        { name: "label_outside", value: 0x1020, sizeBytes: 0, type: notype },
      ],
      new Map([
        [0x1018, "f"],
        [0x1028, "label_outside"],
      ]),
    ],
    [
      "prefers a function to a label of the same address",
      [
        { name: "x", value: 0x1000, sizeBytes: 0, type: notype },
        { name: "function", value: 0x1000, sizeBytes: 0x20 },
      ],
      new Map([[0x1008, "function"]]),
    ],
    [
      "leaves out data, undefined symbols, and labels of data",
      [
        { name: "object", value: 0x1000, sizeBytes: 0x20, type: object },
        { name: "undefined", value: 0x1000, sizeBytes: 0x20, section: "undefined" },
        { name: "data", value: 0x8000, sizeBytes: 0x10, section: ".data" },
      ],
      new Map([
        [0x1000, undefined],
        [0x8000, undefined],
      ]),
    ],
    [
      "takes indirect functions",
      [{ name: "memcpy", value: 0x1000, sizeBytes: 4, type: ifunc }],
      new Map([[0x1001, "memcpy"]]),
    ],
    [
      "chooses of several names the one with the fewest leading underscores",
      [
        { name: "__libc_read", value: 0x1000, sizeBytes: 8 },
        { name: "read", value: 0x1000, sizeBytes: 8, binding: weak },
        { name: "_r", value: 0x1000, sizeBytes: 8 },
      ],
      new Map([[0x1000, "read"]]),
    ],
    [
      "then global over local over weak",
      [
        { name: "w", value: 0x1000, sizeBytes: 8, binding: weak },
        { name: "local", value: 0x1000, sizeBytes: 8, binding: local },
        { name: "global", value: 0x1000, sizeBytes: 8 },
        { name: "w", value: 0x1100, sizeBytes: 8, binding: weak },
        { name: "local2", value: 0x1100, sizeBytes: 8, binding: local },
      ],
      new Map([
        [0x1000, "global"],
        [0x1100, "local2"],
      ]),
    ],
    [
      "then the shortest, then the first",
      [
        { name: "longer", value: 0x1000, sizeBytes: 8 },
        { name: "bbb", value: 0x1000, sizeBytes: 8 },
        { name: "aaa", value: 0x1000, sizeBytes: 8 },
      ],
      new Map([[0x1000, "bbb"]]),
    ],
    [
      "sorts functions that come in any order",
      [
        { name: "c", value: 0x1300, sizeBytes: 8 },
        { name: "a", value: 0x1100, sizeBytes: 8 },
        { name: "b", value: 0x1200, sizeBytes: 8 },
      ],
      new Map([
        [0x1100, "a"],
        [0x1200, "b"],
        [0x1300, "c"],
      ]),
    ],
    [
      "gives no name to a function without one",
      [{ name: "", value: 0x1000, sizeBytes: 8 }],
      new Map([[0x1000, undefined]]),
    ],
  ];
  for (const [name, symtab, expected] of cases) {
    it(name, () => {
      const symbols = build({ symtab });
      for (const [address, function_] of expected) {
        assert.equal(symbols.name(address), function_, `at 0x${address.toString(16)}`);
      }
    });
  }

  it("takes exported functions where all others are stripped", () => {
    const symbols = build({ dynsym: [{ name: "exported", value: 0x1000, sizeBytes: 8 }] });
    assert.equal(symbols.name(0x1004), "exported");
  });

  it("names the stubs that call functions of other files", () => {
    const dynsym = [
      { name: "read", value: 0, sizeBytes: 0, section: "undefined" },
      { name: "write", value: 0, sizeBytes: 0, section: "undefined" },
    ];
    const symbols = build({ dynsym, plt: [2, 0, 1] });
    assert.equal(symbols.name(pltAddress), "write@plt");
    assert.equal(symbols.name(pltAddress + 16), undefined);
    assert.equal(symbols.name(pltAddress + 32), "read@plt");
    assert.equal(symbols.name(pltAddress + 48), undefined);
  });

  it("reads the file once for all addresses that wait for a name, and not again for those of known functions", () => {
    const file = bytesSource(
      buildElf({
        symtab: [
          { name: "f", value: 0x1000, sizeBytes: 16 },
          { name: "g", value: 0x1010, sizeBytes: 16 },
          { name: "h", value: 0x1020, sizeBytes: 16 },
        ],
      }),
    );
    let reads = 0;
    const counting: ByteSource = {
      sizeBytes: file.sizeBytes,
      read(offset, length) {
        reads++;
        return file.read(offset, length);
      },
    };
    const elf = ElfFile.parse(counting);
    const symbols = new ElfSymbols(elf, counting, FunctionFinder.of(elf, counting, "symtab"));
    const readsOf = (address: number, name: string | undefined): number => {
      reads = 0;
      assert.equal(symbols.name(address), name);
      return reads;
    };
    for (const address of [0x1001, 0x1011, 0x1800]) symbols.want(address);
    // Two passes and two names.
    assert.equal(readsOf(0x1001, "f"), 4);
    assert.equal(readsOf(0x1000, "f") + readsOf(0x100f, "f") + readsOf(0x1010, "g") + readsOf(0x1801, undefined), 0);
    assert.equal(readsOf(0x1020, "h"), 3);
    assert.equal(symbols.name(0x1030), undefined);
  });

  it("keeps what was asked for, however large the table is", () => {
    const symtab = Array.from({ length: 200 }, (_, index) => ({
      name: `f${index}`,
      value: 0x1000 + index * 16,
      sizeBytes: 16,
    }));
    const symbols = build({ symtab });
    assert.equal(symbols.memoryBytes, 0);
    for (let address = 0x1000; address < 0x1040; address++) symbols.want(address);
    assert.equal(symbols.name(0x103f), "f3");
    assert.equal(symbols.memoryBytes, 4 * 200);
  });

  it("agrees with a walk over all symbols in order, whatever lies in what", () => {
    const symbol = fc.record({
      name: fc.constantFrom("a", "_a", "__a", "bb", "ccc", "d"),
      value: fc.nat(60).map((offset) => 0x1000 + offset),
      sizeBytes: fc.oneof(fc.constant(0), fc.nat(40)),
      type: fc.constantFrom(2, 2, ifunc, notype, object),
      binding: fc.constantFrom(local, 1, weak),
    });
    const random = fc.tuple(
      fc.array(symbol, { maxLength: 25 }).map((symbols) =>
        // A label with a size is as rare as it is strange.
        symbols.map((each) => (each.type === notype ? { ...each, sizeBytes: 0 } : each)),
      ),
      fc.uniqueArray(fc.nat(120), { minLength: 1, maxLength: 40 }),
    );
    fc.assert(
      fc.property(random, ([symtab, offsets]) => {
        const symbols = build({ symtab, textSizeBytes: 100 });
        const addresses = offsets.map((offset) => 0xff0 + offset);
        for (const address of addresses.slice(0, addresses.length / 2)) symbols.want(address);
        for (const address of addresses) {
          assert.equal(symbols.name(address), nameByWalk(symtab, 0x1000 + 100, address), `0x${address.toString(16)}`);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

/** What {@link ElfSymbols.name} says, by the words of its documentation. */
function nameByWalk(symtab: readonly SymbolToBuild[], sectionEnd: number, address: number): string | undefined {
  const functions = symtab.filter(({ type = 2 }) => type !== object);
  const rank = ({ type = 2, binding = 1, name }: SymbolToBuild): readonly number[] => [
    type === notype ? 1 : 0,
    /^_*/.exec(name)?.[0].length ?? 0,
    binding === weak ? 2 : binding === local ? 1 : 0,
    name.length,
  ];
  const starts = [...new Set(functions.map(({ value }) => value))].sort((a, b) => a - b);
  let open: { readonly name: string; readonly end: number }[] = [];
  for (const [index, start] of starts.entries()) {
    if (start > address) break;
    open = open.filter(({ end }) => end > start);
    // The builder puts local symbols first, as the format wants it.
    const sharing = functions.filter(({ value }) => value === start);
    const [first] = sharing.toSorted((a, b) => compare(rank(a), rank(b)));
    if (first === undefined || (first.type === notype && open.length > 0)) continue;
    const end = first.sizeBytes > 0 ? start + first.sizeBytes : Math.min(starts[index + 1] ?? sectionEnd, sectionEnd);
    open.push({ name: first.name, end });
  }
  return open.findLast(({ end }) => end > address)?.name;
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (const [index, value] of a.entries()) if (value !== b[index]) return value - (b[index] ?? 0);
  return 0;
}

describe("ElfSymbols.virtualAddress", () => {
  const symbols = build({ textAddress: 0x40_1000, symtab: [{ name: "f", value: 0x40_1000, sizeBytes: 8 }] });

  it("goes by the segment that loads the byte", () => {
    assert.equal(symbols.virtualAddress(0x1010), 0x40_1010);
    // Mappings begin at pages, segments may begin within one.
    assert.equal(symbols.virtualAddress(0x800), 0x40_0800);
    assert.equal(symbols.virtualAddress(0x100_0000), undefined);
  });
});

describe("hostile files", () => {
  const whole = buildElf({
    symtab: [
      { name: "f", value: 0x1000, sizeBytes: 0x20 },
      { name: "g", value: 0x1000, sizeBytes: 0x20 },
      { name: "h", value: 0x1010, sizeBytes: 0x20 },
    ],
    dynsym: [{ name: "read", value: 0, sizeBytes: 0, section: "undefined" }],
    plt: [1],
    buildId: "0123456789abcdef",
  });

  /** Everything but FormatError is an error of ours. */
  function lookUpAll(bytes: Uint8Array): void {
    try {
      const symbols = symbolsOf(bytes);
      for (const address of [0x1000, 0x1010, 0x1fff, pltAddress]) symbols.name(address);
      symbols.virtualAddress(0x1000);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
    }
  }

  it("are refused or read, cut anywhere", () => {
    for (let length = 0; length < whole.length; length += length < 0x1000 && length > 200 ? 97 : 1) {
      lookUpAll(whole.subarray(0, length));
    }
  });

  it("are refused or read, with any bytes changed", () => {
    const interesting = Array.from(whole, (_, at) => at).filter((at) => at < 128 || at >= 0x2000);
    const change = fc.tuple(fc.constantFrom(...interesting), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 12 }), (changes) => {
        const bytes = whole.slice();
        for (const [at, value] of changes) bytes[at] = value;
        lookUpAll(bytes);
      }),
      { numRuns: 500 },
    );
  });

  it("may nest functions without end", () => {
    const symtab = Array.from({ length: 1000 }, (_, index) => ({
      name: "f",
      value: 0x1000 + index,
      sizeBytes: 4000 - 2 * index,
    }));
    assert.equal(build({ symtab }).name(0x1100), "f");
  });
});
