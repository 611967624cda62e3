import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { BtfBuilder } from "../testing/btf-builder.ts";
import { Btf } from "./btf.ts";
import { type BtfFeatures, sanitizeBtf } from "./sanitize.ts";
import { BtfKind } from "./types.ts";

const everything: BtfFeatures = {
  globalFunctions: true,
  emptyDataSections: true,
  floats: true,
  declarationTags: true,
  typeTags: true,
  enum64: true,
};

const builder = new BtfBuilder();
const int = builder.int("int", 4, true);
const prototype = builder.add("", BtfKind.functionPrototype, 0, int);
const function_ = builder.add("main", BtfKind.function, 1, prototype);
const float = builder.add("double", BtfKind.float, 0, 8);
const tag = builder.add("note", BtfKind.declarationTag, 0, function_, [-1]);
const emptySection = builder.add(".rodata", BtfKind.dataSection, 0, 6);
const typeTag = builder.add("user", BtfKind.typeTag, 0, int);
const signedEnum = builder.enum("sign", { MINUS: -1 });
const enum64 = builder.enum64("big", { HUGE: 1n << 63n, SMALL: 1n });
const original = Btf.parse(builder.bytes(32));

describe("BTF for a kernel that does not know", () => {
  const cases = [
    {
      what: "globalFunctions",
      id: function_,
      becomes: { kind: BtfKind.function, name: "main", typeId: prototype, linkage: 0 },
    },
    {
      what: "emptyDataSections",
      id: emptySection,
      becomes: { kind: BtfKind.struct, name: "", sizeBytes: 6, members: [] },
    },
    { what: "floats", id: float, becomes: { kind: BtfKind.struct, name: "", sizeBytes: 8, members: [] } },
    {
      what: "declarationTags",
      id: tag,
      becomes: {
        kind: BtfKind.int,
        name: "note",
        sizeBytes: 1,
        signed: false,
        char: false,
        bool: false,
        bitOffset: 0,
        bitSize: 8,
      },
    },
    { what: "typeTags", id: typeTag, becomes: { kind: BtfKind.const, name: "", typeId: int } },
    {
      what: "enum64",
      id: enum64,
      becomes: {
        kind: BtfKind.union,
        name: "big",
        sizeBytes: 8,
        members: [
          { name: "HUGE", typeId: original.typeCount, bitOffset: 0, bitSize: 0 },
          { name: "SMALL", typeId: original.typeCount, bitOffset: 0, bitSize: 0 },
        ],
      },
    },
  ] as const;
  for (const { what, id, becomes } of cases) {
    test(`${what} has another type in its place, and all others as they were`, () => {
      const sanitized = Btf.parse(sanitizeBtf(original, { ...everything, [what]: false }));
      assert.deepEqual(sanitized.type(id), becomes);
      for (let other = 1; other < original.typeCount; other++) {
        if (other === id || (what === "enum64" && other === signedEnum)) continue;
        assert.deepEqual(sanitized.type(other), original.type(other));
      }
    });
  }

  test("enum64 has no signed enums either, and a type more, for the members", () => {
    const sanitized = Btf.parse(sanitizeBtf(original, { ...everything, enum64: false }));
    const { bytes } = sanitized;
    assert.equal(sanitized.typeCount, original.typeCount + 1);
    assert.equal(sanitized.name(original.typeCount), "enum64_placeholder");
    const type = sanitized.type(signedEnum);
    assert.equal(type.kind === BtfKind.enum && type.signed, false);
    assert.equal(new DataView(bytes.buffer, bytes.byteOffset).getUint32(4, true), 24);
  });
});

test("BTF for a kernel that knows all is the same, but for the header", () => {
  const bytes = sanitizeBtf(original, everything);
  assert.deepEqual(bytes.subarray(24), original.bytes.subarray(32));
  assert.equal(new DataView(bytes.buffer).getUint32(4, true), 24);
});
