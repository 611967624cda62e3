import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { BpfError } from "../errors.ts";
import { BtfBuilder } from "../testing/btf-builder.ts";
import { btfOfObject } from "../testing/core/golden.ts";
import { Btf } from "./btf.ts";
import { compileCodec } from "./codec.ts";
import { essentialName } from "./name-index.ts";
import { sizeOf, skipModifiers } from "./resolve.ts";
import { typeDeclaration } from "./type-declaration.ts";
import { BtfKind } from "./types.ts";

/** One of each kind, with what is expected of it. */
function everyKind(littleEndian: boolean): { bytes: Uint8Array; expected: readonly object[] } {
  const builder = new BtfBuilder({ littleEndian });
  const int = builder.int("int", 4, true);
  builder.pointer(int);
  builder.array(int, 7);
  builder.struct("plain", 8, [
    { name: "a", type: int, bitOffset: 0 },
    { name: "", type: int, bitOffset: 32 },
  ]);
  builder.union("bits", 4, [{ name: "b", type: int, bitOffset: 3, bitSize: 5 }]);
  builder.enum("sign", { MINUS: -1, PLUS: 1 });
  builder.add("forward", BtfKind.forward, 0, 0, [], true);
  const typedef = builder.typedef("int_t", int);
  for (const kind of [BtfKind.volatile, BtfKind.const, BtfKind.restrict]) builder.add("", kind, 0, typedef);
  const prototype = builder.add("", BtfKind.functionPrototype, 1, int, [builder.string("x"), int]);
  builder.add("function", BtfKind.function, 1, prototype);
  const variable = builder.add("variable", BtfKind.variable, 0, int, [1]);
  builder.add(".data", BtfKind.dataSection, 1, 16, [variable, 8, 4]);
  builder.add("float", BtfKind.float, 0, 4);
  builder.add("tag", BtfKind.declarationTag, 0, variable, [-1]);
  builder.add("user", BtfKind.typeTag, 0, int);
  builder.enum64("big", { HUGE: 0xffff_ffff_ffff_fff0n });
  builder.enum64("big_signed", { LOW: -(2n ** 40n) }, true);
  return {
    bytes: builder.bytes(),
    expected: [
      { kind: 1, name: "int", sizeBytes: 4, signed: true, char: false, bool: false, bitOffset: 0, bitSize: 32 },
      { kind: 2, name: "", typeId: 1 },
      { kind: 3, elementTypeId: 1, indexTypeId: 1, length: 7 },
      {
        kind: 4,
        name: "plain",
        sizeBytes: 8,
        members: [
          { name: "a", typeId: 1, bitOffset: 0, bitSize: 0 },
          { name: "", typeId: 1, bitOffset: 32, bitSize: 0 },
        ],
      },
      { kind: 5, name: "bits", sizeBytes: 4, members: [{ name: "b", typeId: 1, bitOffset: 3, bitSize: 5 }] },
      {
        kind: 6,
        name: "sign",
        sizeBytes: 4,
        signed: true,
        values: [
          { name: "MINUS", value: -1n },
          { name: "PLUS", value: 1n },
        ],
      },
      { kind: 7, name: "forward", union: true },
      { kind: 8, name: "int_t", typeId: 1 },
      { kind: 9, name: "", typeId: 8 },
      { kind: 10, name: "", typeId: 8 },
      { kind: 11, name: "", typeId: 8 },
      { kind: 13, returnTypeId: 1, parameters: [{ name: "x", typeId: 1 }] },
      { kind: 12, name: "function", typeId: 12, linkage: 1 },
      { kind: 14, name: "variable", typeId: 1, linkage: 1 },
      { kind: 15, name: ".data", sizeBytes: 16, variables: [{ typeId: 14, offsetBytes: 8, sizeBytes: 4 }] },
      { kind: 16, name: "float", sizeBytes: 4 },
      { kind: 17, name: "tag", typeId: 14, componentIndex: -1 },
      { kind: 18, name: "user", typeId: 1 },
      { kind: 19, name: "big", sizeBytes: 8, signed: false, values: [{ name: "HUGE", value: 0xffff_ffff_ffff_fff0n }] },
      { kind: 19, name: "big_signed", sizeBytes: 8, signed: true, values: [{ name: "LOW", value: -(2n ** 40n) }] },
    ],
  };
}

for (const littleEndian of [true, false]) {
  test(`every kind is read, ${littleEndian ? "little" : "big"}-endian`, () => {
    const { bytes, expected } = everyKind(littleEndian);
    const btf = Btf.parse(bytes);
    assert.equal(btf.littleEndian, littleEndian);
    assert.deepEqual(btf.type(0), { kind: BtfKind.void });
    assert.equal(btf.typeCount, expected.length + 1);
    for (const [index, type] of expected.entries()) {
      assert.deepEqual(btf.type(index + 1), type);
      assert.equal(btf.kind(index + 1), "kind" in type ? type.kind : undefined);
      assert.equal(btf.name(index + 1), "name" in type ? type.name : "");
    }
  });
}

test("a type is made once", () => {
  const btf = Btf.parse(everyKind(true).bytes);
  assert.equal(btf.type(4), btf.type(4));
});

test("a longer header, of newer kernels, is skipped", () => {
  const builder = new BtfBuilder();
  builder.int("int", 4);
  assert.equal(Btf.parse(builder.bytes(32)).findByName("int"), 1);
});

describe("names", () => {
  const builder = new BtfBuilder();
  const int = builder.int("int", 4);
  const struct = builder.struct("same", 4, []);
  const typedef = builder.typedef("same", int);
  const flavoured = builder.struct("same___old", 4, []);
  const function_ = builder.add("same", BtfKind.function, 0, int);
  const btf = Btf.parse(builder.bytes());

  test("find the first type, or the one of a kind", () => {
    assert.equal(btf.findByName("same"), struct);
    assert.equal(btf.findByName("same", BtfKind.typedef), typedef);
    assert.equal(btf.findByName("same", BtfKind.function), function_);
    assert.equal(btf.findByName("same___old"), flavoured);
    assert.equal(btf.findByName("same", BtfKind.enum), undefined);
    assert.equal(btf.findByName("other"), undefined);
  });

  test("without flavour find all types but functions", () => {
    assert.deepEqual(btf.findByEssentialName("same"), [struct, typedef, flavoured]);
  });

  const essential = [
    ["task_struct", "task_struct"],
    ["task_struct___old", "task_struct"],
    ["a___b___c", "a___b"],
    ["___leading", "___leading"],
    ["trailing___", "trailing___"],
    ["four____underscores", "four____underscores"],
    ["a___b", "a"],
    ["é___x", "é"],
    ["", ""],
  ] as const;
  for (const [name, expected] of essential) {
    test(`"${name}" is essentially "${expected}"`, () => assert.equal(essentialName(name), expected));
  }
});

describe("split BTF", () => {
  const baseBuilder = new BtfBuilder();
  const int = baseBuilder.int("int", 4);
  const inBase = baseBuilder.struct("in_base", 4, [{ name: "a", type: int, bitOffset: 0 }]);
  const base = Btf.parse(baseBuilder.bytes());
  const builder = new BtfBuilder({ base: { typeCount: base.typeCount, stringBytes: base.stringBytes.byteLength } });
  const inModule = builder.struct("in_module", 8, [{ name: "b", type: inBase, bitOffset: 32 }]);
  const module = Btf.parse(builder.bytes(), base);

  test("goes on with the ids and strings of its base", () => {
    assert.equal(inModule, base.typeCount);
    assert.equal(module.typeCount, base.typeCount + 1);
    assert.equal(module.name(inModule), "in_module");
    assert.equal(module.name(inBase), "in_base");
    assert.equal(module.type(inBase), base.type(inBase));
    assert.deepEqual(module.type(inModule), {
      kind: BtfKind.struct,
      name: "in_module",
      sizeBytes: 8,
      members: [{ name: "b", typeId: inBase, bitOffset: 32, bitSize: 0 }],
    });
  });

  test("finds its own types, and those of its base", () => {
    assert.equal(module.findByName("in_module"), inModule);
    assert.equal(module.findByName("in_base"), inBase);
    assert.equal(base.findByName("in_module"), undefined);
    assert.deepEqual(module.findByEssentialName("in_base"), []);
  });

  test("has to have the endianness of its base", () => {
    assert.throws(() => Btf.parse(new BtfBuilder({ littleEndian: false }).bytes(), base), {
      message: "split BTF and its base differ in endianness",
    });
  });
});

describe("sizes", () => {
  const builder = new BtfBuilder();
  const int = builder.int("int", 4);
  const pointer = builder.pointer(int);
  const forward = builder.add("forward", BtfKind.forward, 0, 0);
  const loop = builder.typedef("loop", 5);
  builder.typedef("loop_back", loop);
  const huge = builder.array(int, 0xffff_ffff);
  const arrays = builder.array(builder.array(builder.typedef("int_t", int), 3), 5);
  const btf = Btf.parse(builder.bytes());

  test("are those of C", () => {
    assert.equal(sizeOf(btf, int), 4);
    assert.equal(sizeOf(btf, pointer), 8);
    assert.equal(sizeOf(btf, arrays), 60);
    assert.equal(sizeOf(btf, forward), undefined);
    assert.equal(sizeOf(btf, 0), undefined);
  });

  test("of types that make no sense are refused", () => {
    assert.throws(() => sizeOf(btf, loop), {
      message: `the size of BTF type ${loop} cannot be told: it refers to itself`,
    });
    assert.throws(() => sizeOf(btf, huge), { message: `BTF type ${huge} claims a size of 17179869180 bytes` });
    assert.throws(() => skipModifiers(btf, loop), {
      message: `BTF type ${loop} is a chain of typedefs without an end`,
    });
  });
});

describe("bytes that are no BTF", () => {
  const int = new BtfBuilder();
  int.int("int", 4);
  const change = (at: number, value: number): Uint8Array => {
    const bytes = int.bytes();
    bytes[at] = value;
    return bytes;
  };
  const cases = [
    { what: "nothing", bytes: new Uint8Array(0), message: "BTF ends within its header" },
    { what: "zeros", bytes: new Uint8Array(64), message: "BTF does not start with BTF magic" },
    { what: "a later version", bytes: change(2, 2), message: "BTF has version 2; only version 1 is known" },
    { what: "a short header", bytes: change(4, 16), message: "BTF has a header of 16 bytes" },
    {
      what: "a type section that is too long",
      bytes: change(15, 0xff),
      message: /^the type section of BTF ends at \d+, beyond the end of the data \(45 bytes\)$/,
    },
    { what: "an unknown kind", bytes: change(24 + 7, 31), message: "BTF type 1 has unknown kind 31" },
    { what: "a type that is cut", bytes: change(24 + 7, BtfKind.array), message: "BTF ends within a type" },
    {
      what: "strings without an end",
      bytes: change(44, 65),
      message: "the string section of BTF does not end with a NUL",
    },
  ];
  for (const { what, bytes, message } of cases) {
    test(`${what} is refused`, () => assert.throws(() => Btf.parse(bytes), { name: "FormatError", message }));
  }

  test("ids and string offsets outside of it are refused when they are used", () => {
    const btf = Btf.parse(int.bytes());
    assert.throws(() => btf.type(2), { message: "BTF has no type 2; the last one is 1" });
    assert.throws(() => btf.kind(7), { message: "BTF has no type 7; the last one is 1" });
    assert.throws(() => btf.string(100), { message: "BTF string offset 100 is outside of the string section" });
  });
});

describe("hostile bytes", () => {
  const readEverything = (bytes: Uint8Array): void => {
    const attempt = (read: () => unknown): void => {
      try {
        read();
      } catch (error) {
        if (!(error instanceof BpfError)) throw error;
      }
    };
    attempt(() => {
      const btf = Btf.parse(bytes);
      attempt(() => btf.findByName("task_struct"));
      for (let id = 0; id < btf.typeCount; id++) {
        attempt(() => btf.type(id));
        attempt(() => sizeOf(btf, id));
        attempt(() => typeDeclaration(btf, id));
        attempt(() => {
          const codec = compileCodec(btf, id);
          if (codec.sizeBytes < 1 << 16) codec.decode(new DataView(new ArrayBuffer(codec.sizeBytes)), 0);
        });
      }
    });
  };

  for (const littleEndian of [true, false]) {
    const { bytes } = everyKind(littleEndian);
    test(`cut short at every byte are read or refused, ${littleEndian ? "little" : "big"}-endian`, () => {
      for (let length = 0; length < bytes.length; length++) readEverything(bytes.subarray(0, length));
    });

    test(`with changed bytes are read or refused, ${littleEndian ? "little" : "big"}-endian`, () => {
      fc.assert(
        fc.property(
          fc.nat(bytes.length - 1),
          fc.integer({ min: 0, max: 255 }),
          fc.nat(bytes.length - 1),
          (at, value, second) => {
            const changed = bytes.slice();
            changed[at] = value;
            changed[second] = (changed[second] ?? 0) ^ (1 << (value & 7));
            readEverything(changed);
          },
        ),
        { numRuns: 2000 },
      );
    });
  }

  test("of a compiler's BTF with flipped bits are read or refused", () => {
    const bytes = btfOfObject("target-a");
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(7), (at, bit) => {
        const changed = bytes.slice();
        changed[at] = (changed[at] ?? 0) ^ (1 << bit);
        readEverything(changed);
      }),
      { numRuns: 500 },
    );
  });
});

test("a compiler's struct has the size that C gives it", () => {
  const btf = Btf.parse(btfOfObject("target-b"));
  assert.equal(sizeOf(btf, btf.findByName("plain", BtfKind.struct) ?? 0), 12);
});
