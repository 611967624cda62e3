import assert from "node:assert/strict";
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import fc from "fast-check";
import { FormatError } from "../errors.ts";
import { buildElf, noteData, type SymbolToBuild, symbolTableData } from "../testing/elf-builder.ts";
import { bytesSource, ElfFile, fileSource, NT_GNU_BUILD_ID, PT_NOTE, SHT_NOBITS, SHT_NOTE, STT_FUNC } from "./index.ts";

const buildIdBytes = Uint8Array.from({ length: 20 }, (_, index) => index * 13);
const buildId = Buffer.from(buildIdBytes).toString("hex");

const symbols: readonly SymbolToBuild[] = [
  { name: "", info: 3, sectionIndex: 1, value: 0 },
  { name: "main", info: 0x12, other: 2, sectionIndex: 1, value: 0x401000, sizeBytes: 64 },
  { name: "global_variable", info: 0x11, sectionIndex: 2, value: 0x602000, sizeBytes: 8 },
  { name: `_Z${"long".repeat(1000)}`, info: 0x22, sectionIndex: 1, value: 2 ** 47 - 4096, sizeBytes: 16 },
];

/** A file with one of everything, in either endianness. */
function sample(littleEndian: boolean): Uint8Array {
  const table = symbolTableData(symbols, littleEndian);
  const debugLink = new Uint8Array(16);
  debugLink.set(new TextEncoder().encode("a.debug"));
  new DataView(debugLink.buffer).setUint32(8, 0xdeadbeef, littleEndian);
  return buildElf({
    littleEndian,
    type: 2,
    machine: littleEndian ? 62 : 22,
    segments: [{ type: PT_NOTE, data: noteData("GNU", NT_GNU_BUILD_ID, buildIdBytes, littleEndian) }],
    sections: [
      { name: ".text", type: 1, flags: 6, address: 0x401000, data: Uint8Array.of(1, 2, 3, 4) },
      { name: ".bss", type: SHT_NOBITS, sizeBytes: 2 ** 40 },
      { name: ".note.other", type: SHT_NOTE, data: noteData("stapsdt", 3, Uint8Array.of(9), littleEndian) },
      { name: ".note.gnu.build-id", type: SHT_NOTE, data: noteData("GNU", 3, buildIdBytes, littleEndian) },
      { name: ".gnu_debuglink", type: 1, data: debugLink.subarray(0, 12) },
      { name: ".symtab", type: 2, link: 7, data: table.symbols },
      { name: ".strtab", type: 3, data: table.strings },
    ],
  });
}

for (const littleEndian of [true, false]) {
  describe(`an ELF file, ${littleEndian ? "little" : "big"}-endian`, () => {
    const file = ElfFile.parse(sample(littleEndian));

    test("has a header, sections and segments", () => {
      assert.deepEqual(file.header, {
        class: 64,
        endianness: littleEndian ? "little" : "big",
        type: 2,
        machine: littleEndian ? 62 : 22,
      });
      assert.deepEqual(
        file.sections.map(({ name }) => name),
        ["", ".text", ".bss", ".note.other", ".note.gnu.build-id", ".gnu_debuglink", ".symtab", ".strtab", ".shstrtab"],
      );
      assert.equal(file.section(".text")?.address, 0x401000);
      assert.equal(file.section(".bss")?.sizeBytes, 2 ** 40);
      assert.equal(file.section(".nothing"), undefined);
      assert.equal(file.segments[0]?.fileSizeBytes, 36);
    });

    test("gives the bytes of sections, none for those without any in the file", () => {
      const [text, bss] = [file.section(".text"), file.section(".bss")];
      assert.ok(text !== undefined && bss !== undefined);
      assert.deepEqual(file.sectionData(text), Uint8Array.of(1, 2, 3, 4));
      assert.equal(file.sectionData(bss).byteLength, 0);
    });

    test("has notes, a build id and a debug link", () => {
      assert.deepEqual(
        Array.from(file.notes(), ({ name }) => name),
        ["stapsdt", "GNU"],
      );
      assert.equal(file.buildId(), buildId);
      assert.deepEqual(file.debugLink(), { fileName: "a.debug", crc32: 0xdeadbeef });
    });

    test("has a symbol table in columns", () => {
      const table = file.symbolTable("symtab");
      assert.ok(table !== undefined);
      assert.equal(file.symbolTable("dynsym"), undefined);
      assert.equal(table.count, symbols.length + 1);
      for (const [index, symbol] of symbols.entries()) {
        assert.equal(table.name(index + 1), symbol.name);
        assert.equal(table.values[index + 1], symbol.value);
        assert.equal(table.sizesBytes[index + 1], symbol.sizeBytes ?? 0);
        assert.equal(table.sectionIndexes[index + 1], symbol.sectionIndex);
        assert.equal(table.type(index + 1), symbol.info & 15);
        assert.equal(table.binding(index + 1), symbol.info >> 4);
        assert.equal(table.visibility(index + 1), symbol.other ?? 0);
      }
    });
  });
}

test("a filter keeps only the symbols that it chooses", () => {
  const table = ElfFile.parse(sample(true)).symbolTable(
    "symtab",
    (type, sectionIndex) => type === STT_FUNC && sectionIndex === 1,
  );
  assert.equal(table?.count, 2);
  assert.equal(table?.name(0), "main");
  assert.deepEqual(table?.values, Float64Array.of(0x401000, 2 ** 47 - 4096));
});

test("a file without section headers has its build id from the segments", () => {
  const bytes = sample(true);
  new DataView(bytes.buffer).setBigUint64(40, 0n, true);
  const file = ElfFile.parse(bytes);
  assert.deepEqual(file.sections, []);
  assert.equal(file.buildId(), buildId);
  assert.equal(file.symbolTable("symtab"), undefined);
  assert.equal(file.debugLink(), undefined);
});

test("the number of sections may be in the first section header", () => {
  const bytes = sample(true);
  const view = new DataView(bytes.buffer);
  const sectionHeaders = Number(view.getBigUint64(40, true));
  view.setUint16(60, 0, true);
  view.setUint16(62, 0xffff, true);
  view.setBigUint64(sectionHeaders + 32, 9n, true);
  view.setUint32(sectionHeaders + 40, 8, true);
  assert.equal(ElfFile.parse(bytes).section(".text")?.index, 1);
});

describe("a file on disk", () => {
  test("is read by range, and a file that shrinks is an error", () => {
    const folder = mkdtempSync(join(tmpdir(), "skep-elf-"));
    const path = join(folder, "sample");
    writeFileSync(path, sample(true));
    const fd = openSync(path, "r+");
    try {
      const source = fileSource(fd);
      const file = ElfFile.parse(source);
      assert.equal(file.symbolTable("symtab")?.name(4)?.length, 4002);
      ftruncateSync(fd, 100);
      assert.throws(() => source.read(60, 80), {
        code: "format",
        message: "the file was cut short while it was being read",
      });
    } finally {
      closeSync(fd);
      rmSync(folder, { recursive: true });
    }
  });
});

describe("bytes that are no ELF file", () => {
  const change = (at: number, value: number): Uint8Array => {
    const bytes = sample(true);
    bytes[at] = value;
    return bytes;
  };
  const cases = [
    { what: "nothing", bytes: new Uint8Array(0), message: "not an ELF file" },
    { what: "text", bytes: new TextEncoder().encode("#!/bin/sh\nexec true\n"), message: "not an ELF file" },
    { what: "a 32-bit file", bytes: change(4, 1), message: "not a 64-bit ELF file" },
    { what: "an unknown endianness", bytes: change(5, 3), message: "ELF file of unknown endianness" },
    { what: "half a header", bytes: sample(true).subarray(0, 40), message: "ELF file ends within its header" },
    { what: "small section headers", bytes: change(58, 8), message: "ELF section headers are too small" },
    { what: "small program headers", bytes: change(54, 8), message: "ELF program headers are too small" },
    {
      what: "a section table beyond the end",
      bytes: change(46, 1),
      message: /^576 bytes at offset \d+ are beyond the end of the file \(\d+ bytes\)$/,
    },
  ];
  for (const { what, bytes, message } of cases) {
    test(`${what} is refused`, () => assert.throws(() => ElfFile.parse(bytes), { name: "FormatError", message }));
  }

  test("a symbol table beyond the end is refused before anything is allocated for it", () => {
    const bytes = buildElf({ sections: [{ name: ".symtab", type: 2, link: 0, sizeBytes: 2 ** 40 }] });
    assert.throws(() => ElfFile.parse(bytes).symbolTable("symtab"), {
      message: ".symtab is beyond the end of the file",
    });
  });

  test("a name without an end is refused", () => {
    const file = ElfFile.parse(
      buildElf({
        sections: [
          {
            name: ".symtab",
            type: 2,
            link: 2,
            data: symbolTableData([{ ...symbols[1], name: "x" } as SymbolToBuild]).symbols,
          },
          { name: ".strtab", type: 3, data: Uint8Array.of(0, 65, 65) },
        ],
      }),
    );
    assert.throws(() => file.symbolTable("symtab")?.name(1), {
      message: "the string at offset 1 of a string table has no end",
    });
  });

  test("a debug link that is only a name is refused", () => {
    const file = ElfFile.parse(
      buildElf({ sections: [{ name: ".gnu_debuglink", type: 1, data: Uint8Array.of(65, 0) }] }),
    );
    assert.throws(() => file.debugLink(), { message: ".gnu_debuglink is not a file name and a checksum" });
  });
});

describe("hostile bytes", () => {
  const readEverything = (bytes: Uint8Array): void => {
    try {
      const file = ElfFile.parse(bytesSource(bytes));
      file.buildId();
      file.debugLink();
      const table = file.symbolTable("symtab");
      for (let index = 0; index < (table?.count ?? 0); index++) table?.name(index);
      for (const section of file.sections) file.sectionData(section);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
    }
  };

  test("cut short at every byte are read or refused", () => {
    const bytes = sample(true);
    for (let length = 0; length < bytes.length; length++) readEverything(bytes.subarray(0, length));
  });

  test("with changed bytes are read or refused", () => {
    const bytes = sample(true);
    fc.assert(
      fc.property(
        fc.nat(bytes.length - 1),
        fc.integer({ min: 0, max: 255 }),
        fc.nat(bytes.length - 1),
        (at, value, second) => {
          const changed = bytes.slice();
          changed[at] = value;
          changed[second] = 0xff;
          readEverything(changed);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test("at random are refused", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), readEverything));
    const header = sample(true).subarray(0, 16);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (rest) => readEverything(Uint8Array.from([...header, ...rest]))),
    );
  });
});
