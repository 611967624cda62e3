import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import fc from "fast-check";
import { ElfFile } from "../elf/elf-file.ts";
import { FormatError } from "../errors.ts";
import { objectFile } from "../testing/core/golden.ts";
import { Btf } from "./btf.ts";
import { parseBtfExtension } from "./extension.ts";

const file = ElfFile.parse(readFileSync(objectFile("rules")));
const sections = [".BTF", ".BTF.ext"].map((name) => file.section(name));
const [btfBytes, bytes] = sections.map((section) =>
  section === undefined ? new Uint8Array() : file.sectionData(section),
);
assert.ok(btfBytes !== undefined && bytes !== undefined);
const btf = Btf.parse(btfBytes);
const sectionName = (offset: number): string => btf.string(offset);

/** A header, and three tables of 32-bit words. */
function extension(tables: readonly (readonly number[])[]): Uint8Array {
  const words = tables.flat();
  const result = new Uint8Array(32 + words.length * 4);
  const view = new DataView(result.buffer);
  view.setUint16(0, 0xeb9f, true);
  view.setUint8(2, 1);
  view.setUint32(4, 32, true);
  let offset = 0;
  for (const [index, table] of tables.entries()) {
    view.setUint32(8 + index * 8, offset, true);
    view.setUint32(12 + index * 8, table.length * 4, true);
    offset += table.length * 4;
  }
  for (const [index, word] of words.entries()) view.setUint32(32 + index * 4, word, true);
  return result;
}

test("records of a compiled object are found by section", () => {
  const { functions, lines, relocations } = parseBtfExtension(bytes, sectionName);
  assert.deepEqual(new Set(functions.keys()), new Set([".text", "core"]));
  assert.equal(functions.get(".text")?.length, 1);
  assert.ok((lines.get("core")?.length ?? 0) > 100);
  const text = relocations.get(".text");
  assert.equal(text?.length, 1);
  assert.equal(btf.name(text?.[0]?.typeId ?? 0), "plain");
  assert.equal(btf.string(text?.[0]?.accessStringOffset ?? 0), "0:1");
});

test("longer records, of newer compilers, are read as far as they are known", () => {
  const { functions, lines } = parseBtfExtension(
    extension([
      [12, 0, 2, 8, 1, 99, 16, 2, 99],
      [16, 0, 1, 24, 5, 6, (7 << 10) | 3],
    ]),
    () => "core",
  );
  assert.deepEqual(functions.get("core"), [
    { byteOffset: 8, typeId: 1 },
    { byteOffset: 16, typeId: 2 },
  ]);
  assert.deepEqual(lines.get("core"), [
    { byteOffset: 24, fileNameOffset: 5, lineOffset: 6, lineNumber: 7, columnNumber: 3 },
  ]);
});

describe(".BTF.ext is refused", () => {
  const cases = [
    { what: "empty", bytes: new Uint8Array(0), message: ".BTF.ext ends within its header" },
    {
      what: "with small records",
      bytes: extension([[4, 0, 0]]),
      message: "the function table of .BTF.ext has records of 4 bytes",
    },
    {
      what: "with more records than bytes",
      bytes: extension([[8, 0, 0xffff_ffff]]),
      message: "the function table of .BTF.ext is cut short",
    },
    { what: "with half a section", bytes: extension([[8, 0]]), message: "the function table of .BTF.ext is cut short" },
    {
      what: "with a table outside",
      bytes: extension([[]]).fill(0xff, 20, 24),
      message: "the line table of .BTF.ext ends at 4294967327, beyond the end of the data (32 bytes)",
    },
  ];
  for (const { what, bytes: broken, message } of cases) {
    test(what, () => assert.throws(() => parseBtfExtension(broken, sectionName), { name: "FormatError", message }));
  }
});

describe("hostile bytes", () => {
  const read = (changed: Uint8Array): void => {
    try {
      parseBtfExtension(changed, sectionName);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
    }
  };

  test("cut short at every byte are read or refused", () => {
    for (let length = 0; length < bytes.length; length++) read(bytes.subarray(0, length));
  });

  test("with flipped bits are read or refused", () => {
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(7), (at, bit) => {
        const changed = bytes.slice();
        changed[at] = (changed[at] ?? 0) ^ (1 << bit);
        read(changed);
      }),
      { numRuns: 2000 },
    );
  });
});
