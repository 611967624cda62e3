import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import fc from "fast-check";
import { Btf } from "../btf/btf.ts";
import { CoreRelocator } from "../btf/core-relocation.ts";
import { BtfKind } from "../btf/types.ts";
import { viewOf } from "../elf/byte-source.ts";
import { BpfError } from "../errors.ts";
import { BtfBuilder } from "../testing/btf-builder.ts";
import { btfOfObject, objectFile } from "../testing/core/golden.ts";
import { buildElf, type SectionToBuild, type SymbolToBuild, symbolTableData } from "../testing/elf-builder.ts";
import { parseObject } from "./object.ts";

/** An object by hand: one program, `code`, in section `core`, with relocations against symbols by index. */
function handMade(options: {
  readonly code?: readonly string[];
  readonly symbols?: readonly SymbolToBuild[];
  readonly relocations?: readonly (readonly [offset: number, symbol: number])[];
  readonly sections?: readonly SectionToBuild[];
  readonly functionBytes?: number;
}): Uint8Array {
  const code = Buffer.from((options.code ?? ["b700000000000000", "9500000000000000"]).join(""), "hex");
  const main = { name: "main", info: 0x12, sectionIndex: 1, value: 0, sizeBytes: options.functionBytes ?? code.length };
  const table = symbolTableData([main, ...(options.symbols ?? [])]);
  const relocations = new Uint8Array((options.relocations?.length ?? 0) * 16);
  for (const [index, [offset, symbol]] of (options.relocations ?? []).entries()) {
    viewOf(relocations).setBigUint64(index * 16, BigInt(offset), true);
    viewOf(relocations).setBigUint64(index * 16 + 8, (BigInt(symbol) << 32n) | 1n, true);
  }
  return buildElf({
    sections: [
      { name: "core", type: 1, flags: 6, data: code },
      { name: ".symtab", type: 2, link: 3, data: table.symbols },
      { name: ".strtab", type: 3, data: table.strings },
      { name: ".relcore", type: 9, info: 1, data: relocations },
      ...(options.sections ?? []),
    ],
  });
}

function kconfigBtf(): Uint8Array {
  const builder = new BtfBuilder();
  const int = builder.int("int", 4);
  const variable = builder.add("CONFIG_HZ", BtfKind.variable, 0, int, [2]);
  builder.add(".kconfig", BtfKind.dataSection, 1, 0, [variable, 0, 4]);
  return builder.bytes();
}

/** BTF with one map whose struct has these members. */
function mapBtf(members: (builder: BtfBuilder, int: number) => { name: string; type: number }[]): Uint8Array {
  const builder = new BtfBuilder();
  const int = builder.int("int", 4);
  const struct = builder.struct(
    "",
    64,
    members(builder, int).map((member, index) => ({ ...member, bitOffset: index * 64 })),
  );
  const variable = builder.add("m", BtfKind.variable, 0, struct, [0]);
  builder.add(".maps", BtfKind.dataSection, 1, 0, [variable, 0, 64]);
  return builder.bytes();
}

const uint = (builder: BtfBuilder, name: string, number: number): { name: string; type: number } => ({
  name,
  type: builder.pointer(builder.array(1, number)),
});

const load = ["1801000000000000", "0000000000000000", "9500000000000000"];
const extern = (name: string, info: number): SymbolToBuild => ({ name, info, sectionIndex: 0, value: 0 });

describe("an object is refused", () => {
  const mapsSection: SectionToBuild = { name: ".maps", type: 1, flags: 3, data: new Uint8Array(64) };
  const withMap = (members: Parameters<typeof mapBtf>[0]): Uint8Array =>
    handMade({ sections: [mapsSection, { name: ".BTF", type: 1, data: mapBtf(members) }] });
  const cases: { what: string; bytes: Uint8Array; code: string; message: string }[] = [
    {
      what: "for another machine",
      bytes: buildElf({ machine: 62 }),
      code: "format",
      message: "the ELF file is not a BPF object (clang -target bpf -c)",
    },
    {
      what: "for a big-endian machine",
      bytes: buildElf({ littleEndian: false }),
      code: "format",
      message: "the BPF object is big-endian; only little-endian is loaded",
    },
    { what: "without symbols", bytes: buildElf({}), code: "format", message: "the object has no symbol table" },
    {
      what: "with maps of the old kind",
      bytes: handMade({ sections: [{ name: "maps", type: 1, data: new Uint8Array(20) }] }),
      code: "not-supported",
      message: "the object defines maps in the old way (section maps)",
    },
    {
      what: "with maps, but without BTF",
      bytes: handMade({ sections: [mapsSection] }),
      code: "format",
      message: "the object defines maps, but has no BTF to describe them (clang -g)",
    },
    {
      what: "that needs a kernel symbol",
      bytes: handMade({ code: load, symbols: [extern("bpf_prog_active", 0x10)], relocations: [[0, 2]] }),
      code: "not-supported",
      message: 'the object refers to "bpf_prog_active" of the kernel (__ksym), which is not supported yet',
    },
    {
      what: "that needs a kernel setting",
      bytes: handMade({
        code: load,
        symbols: [extern("CONFIG_HZ", 0x20)],
        relocations: [[0, 2]],
        sections: [{ name: ".BTF", type: 1, data: kconfigBtf() }],
      }),
      code: "not-supported",
      message: 'the object reads kernel setting "CONFIG_HZ" (__kconfig), which is not supported yet',
    },
    {
      what: "with a relocation against a symbol that does not exist",
      bytes: handMade({ code: load, relocations: [[0, 9]] }),
      code: "format",
      message: "a relocation names symbol 9, which does not exist",
    },
    {
      what: "with a relocation against something else than code, maps and variables",
      bytes: handMade({
        code: load,
        symbols: [{ name: "odd", info: 0x11, sectionIndex: 5, value: 0 }],
        relocations: [[0, 2]],
        sections: [{ name: "odd_section", type: 1, data: new Uint8Array(8) }],
      }),
      code: "relocation",
      message: "a program refers to symbol odd, which is neither code, map nor variable",
    },
    {
      what: "with a relocation of an instruction that holds no address",
      bytes: handMade({
        symbols: [{ name: "variable", info: 0x11, sectionIndex: 5, value: 0 }],
        relocations: [[0, 2]],
        sections: [{ name: ".data", type: 1, flags: 3, data: new Uint8Array(8) }],
      }),
      code: "relocation",
      message: 'instruction 0 of function "main" refers to a symbol, but is neither a call nor a load of an address',
    },
    {
      what: "with a relocation between instructions",
      bytes: handMade({ code: load, relocations: [[4, 1]] }),
      code: "format",
      message: "there is no instruction at byte 4 of section core",
    },
    {
      what: "with a call to where no function starts",
      bytes: handMade({ code: ["8510000005000000", "9500000000000000"] }),
      code: "relocation",
      message: 'function "main" refers to instruction 6 of section core, where no function starts',
    },
    {
      what: "with a function that is longer than its section",
      bytes: handMade({ functionBytes: 24 }),
      code: "format",
      message: "function main is not inside section core",
    },
    {
      what: "with functions on top of each other",
      bytes: handMade({ symbols: [{ name: "second", info: 0x12, sectionIndex: 1, value: 8, sizeBytes: 8 }] }),
      code: "format",
      message: "function second of section core overlaps another",
    },
    {
      what: "with half an instruction",
      bytes: handMade({ code: ["b7000000"] }),
      code: "format",
      message: "section core is not a whole number of instructions",
    },
    {
      what: "with variables that hold addresses",
      bytes: handMade({
        sections: [
          { name: ".data", type: 1, flags: 3, data: new Uint8Array(8) },
          { name: ".rel.data", type: 9, info: 5, data: new Uint8Array(16) },
        ],
      }),
      code: "not-supported",
      message: "section .data holds addresses of other symbols, which is not supported",
    },
    {
      what: "with maps that have initial contents",
      bytes: handMade({
        sections: [
          mapsSection,
          { name: ".rel.maps", type: 9, info: 5, data: new Uint8Array(16) },
          { name: ".BTF", type: 1, data: mapBtf((b) => [uint(b, "type", 2)]) },
        ],
      }),
      code: "not-supported",
      message: "the object gives maps their initial contents, which is not supported yet",
    },
    {
      what: "with an absurd .bss",
      bytes: handMade({ sections: [{ name: ".bss", type: 8, flags: 3, sizeBytes: 2 ** 40 }] }),
      code: "format",
      message: "section .bss claims 1099511627776 bytes of global variables",
    },
    {
      what: "with a map without a type",
      bytes: withMap((b) => [uint(b, "max_entries", 2)]),
      code: "format",
      message: 'map "m" has no type',
    },
    {
      what: "with a pinned map",
      bytes: withMap((b) => [uint(b, "type", 2), uint(b, "pinning", 1)]),
      code: "not-supported",
      message: 'map "m" asks to be pinned, which is not supported yet',
    },
    {
      what: "with a map that has an unknown property",
      bytes: withMap((b) => [uint(b, "type", 2), uint(b, "numa_node", 1)]),
      code: "not-supported",
      message: 'map "m" has property "numa_node", which is not supported yet',
    },
    {
      what: "with a map that contradicts itself",
      bytes: withMap((b, int) => [uint(b, "type", 2), uint(b, "key_size", 8), { name: "key", type: b.pointer(int) }]),
      code: "format",
      message: 'map "m" has a key of 8 and of 4 bytes',
    },
    {
      what: "with a map whose property is no number",
      bytes: withMap((_, int) => [{ name: "type", type: int }]),
      code: "format",
      message: 'map "m" has a property "type" that is not a pointer',
    },
    {
      what: "with a map of maps that does not say of which",
      bytes: withMap((b) => [uint(b, "type", 12)]),
      code: "format",
      message: 'map "m" does not say what its inner maps are like ("values")',
    },
  ];
  for (const { what, bytes, code, message } of cases) {
    test(what, () => assert.throws(() => parseObject(bytes), { code, message }));
  }
});

test("an object by hand is parsed: no BTF, no license, weak externs", () => {
  const spec = parseObject(handMade({ code: load, symbols: [extern("weak", 0x20)], relocations: [[0, 2]] }));
  assert.deepEqual([spec.license, spec.btf, spec.maps.size], ["", undefined, 0]);
  assert.equal(Buffer.from(spec.programs.get("main")?.instructions ?? []).toString("hex"), load.join(""));
});

describe("hostile bytes", () => {
  const target = Btf.parse(btfOfObject("target-a"));
  const readEverything = (bytes: Uint8Array): void => {
    try {
      const spec = parseObject(bytes);
      if (spec.btf === undefined) return;
      const relocator = new CoreRelocator(spec.btf, { vmlinux: target });
      for (const { instructions, coreRelocations } of spec.programs.values()) {
        const { poisoned } = relocator.relocate(instructions, coreRelocations);
        for (const { nearest } of poisoned) nearest();
      }
    } catch (error) {
      if (!(error instanceof BpfError)) throw error;
    }
  };
  const objects = ["linking", "rules"].map((name) => new Uint8Array(readFileSync(objectFile(name))));

  test("cut short at every byte are parsed or refused", () => {
    const [bytes] = objects;
    for (let length = 0; length < (bytes?.length ?? 0); length++)
      readEverything(bytes?.subarray(0, length) ?? new Uint8Array());
  });

  for (const bytes of objects) {
    test(`of an object of ${bytes.length} bytes with changed bytes are parsed or refused`, () => {
      const change = fc.tuple(fc.nat(bytes.length - 1), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff));
      fc.assert(
        fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
          const changed = bytes.slice();
          for (const [at, value] of changes) changed[at] = value;
          readEverything(changed);
        }),
        { numRuns: 600 },
      );
    });
  }
});
