import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FormatError } from "@skep/ebpf";
import { type ByteSource, bytesSource, ElfFile } from "@skep/ebpf/elf";
import fc from "fast-check";
import { buildElf, type ElfToBuild, pltAddress, type SymbolToBuild } from "../testing/elf-builder.ts";
import { ElfSymbols } from "./elf-symbols.ts";
import { readFunctionTable } from "./function-table.ts";

const notype = 0;
const object = 1;
const ifunc = 10;
const local = 0;
const weak = 2;

function symbolsOf(bytes: Uint8Array): ElfSymbols {
  const source = bytesSource(bytes);
  const elf = ElfFile.parse(source);
  return new ElfSymbols(elf, source, readFunctionTable(elf, source, "symtab"));
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
    assert.equal(symbols.count, 1);
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

  it("reads the name of a function once, for all of its addresses", () => {
    const file = bytesSource(
      buildElf({
        symtab: [
          { name: "f", value: 0x1000, sizeBytes: 16 },
          { name: "g", value: 0x1010, sizeBytes: 16 },
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
    const table = readFunctionTable(ElfFile.parse(counting), counting, "symtab");
    reads = 0;
    const names = [0x1000, 0x1001, 0x100f, 0x1010, 0x1000].map((address) => table?.name(address));
    assert.deepEqual(names, ["f", "f", "f", "g", "f"]);
    assert.equal(reads, 2);
  });

  it("costs 16 bytes a function", () => {
    const symtab = Array.from({ length: 100 }, (_, index) => ({
      name: `f${index}`,
      value: 0x1000 + index * 16,
      sizeBytes: 16,
    }));
    assert.equal(build({ symtab }).memoryBytes, 1600);
  });
});

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
