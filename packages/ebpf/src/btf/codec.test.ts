import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { viewOf } from "../elf/byte-source.ts";
import { BtfBuilder } from "../testing/btf-builder.ts";
import { Btf } from "./btf.ts";
import { type Codec, compileCodec } from "./codec.ts";
import { TypePrinter, typeDeclaration } from "./type-declaration.ts";
import { BtfKind } from "./types.ts";

/** Types of every shape that a codec knows. */
function types(littleEndian: boolean): { btf: Btf; id: Record<string, number> } {
  const b = new BtfBuilder({ littleEndian });
  const u8 = b.int("unsigned char", 1);
  const char = b.int("char", 1, true);
  const s8 = b.int("signed char", 1, true);
  const u16 = b.int("unsigned short", 2);
  const s32 = b.int("int", 4, true);
  const u32 = b.typedef("__u32", b.int("unsigned int", 4));
  const u64 = b.int("unsigned long long", 8);
  const s64 = b.int("long long", 8, true);
  const u128 = b.int("unsigned __int128", 16);
  const s128 = b.int("__int128", 16, true);
  const bool = b.bool();
  const float = b.add("float", BtfKind.float, 0, 4);
  const double = b.add("double", BtfKind.float, 0, 8);
  const state = b.enum("state", { IDLE: 0, BUSY: 2 });
  const mask = b.enum64("mask", { ALL: 0xffff_ffff_ffff_ffffn });
  const pair = b.struct("pair", 8, [
    { name: "first", type: u32, bitOffset: 0 },
    { name: "second", type: s32, bitOffset: 32 },
  ]);
  const anonymousUnion = b.union("", 8, [
    { name: "whole", type: u64, bitOffset: 0 },
    { name: "half", type: u32, bitOffset: 0 },
  ]);
  const anonymousStruct = b.struct("", 16, [
    { name: "inner", type: u32, bitOffset: 0 },
    { name: "", type: anonymousUnion, bitOffset: 64 },
  ]);
  return {
    id: {
      u8,
      char,
      s8,
      u16,
      s32,
      u32,
      u64,
      s64,
      u128,
      s128,
      bool,
      float,
      double,
      state,
      mask,
      pair,
      pointer: b.pointer(pair),
      text: b.array(char, 8),
      bytes: b.array(u8, 4),
      numbers: b.array(s8, 3),
      pairs: b.array(pair, 2),
      matrix: b.array(b.array(u16, 2), 2),
      empty: b.array(u32, 0),
      nested: b.struct("nested", 32, [
        { name: "pair", type: pair, bitOffset: 0 },
        { name: "", type: anonymousStruct, bitOffset: 64 },
        { name: "last", type: u8, bitOffset: 192 },
      ]),
      union: b.union("choice", 8, [
        { name: "number", type: u64, bitOffset: 0 },
        { name: "pair", type: pair, bitOffset: 0 },
      ]),
      bits: b.struct("bits", 16, [
        { name: "low", type: u32, bitOffset: 0, bitSize: 3 },
        { name: "signed", type: s32, bitOffset: 3, bitSize: 7 },
        { name: "", type: u32, bitOffset: 10, bitSize: 2 },
        { name: "flag", type: bool, bitOffset: 12, bitSize: 1 },
        { name: "crossing", type: u32, bitOffset: 13, bitSize: 30 },
        { name: "wide", type: u64, bitOffset: 64, bitSize: 40 },
      ]),
    },
    btf: Btf.parse(b.bytes()),
  };
}

function codecOf(name: string, littleEndian = true): Codec {
  const { btf, id } = types(littleEndian);
  return compileCodec(btf, id[name] ?? 0);
}

function encode(codec: Codec, value: unknown): Uint8Array {
  const bytes = new Uint8Array(codec.sizeBytes).fill(0xaa);
  codec.encode(value, viewOf(bytes), 0);
  return bytes;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

const values: readonly { type: string; value: unknown; little: string; big?: string; littleOnly?: true }[] = [
  { type: "u8", value: 200, little: "c8" },
  { type: "s8", value: -2, little: "fe" },
  { type: "u16", value: 0x1234, little: "3412", big: "1234" },
  { type: "s32", value: -2, little: "feffffff", big: "fffffffe" },
  { type: "u32", value: 0xfffffffe, little: "feffffff", big: "fffffffe" },
  { type: "u64", value: 0xffff_ffff_ffff_fffen, little: "feffffffffffffff", big: "fffffffffffffffe" },
  { type: "s64", value: -2n, little: "feffffffffffffff", big: "fffffffffffffffe" },
  {
    type: "u128",
    value: 1n << 64n,
    little: `${"00".repeat(8)}01${"00".repeat(7)}`,
    big: `${"00".repeat(7)}01${"00".repeat(8)}`,
  },
  { type: "s128", value: -1n, little: "ff".repeat(16) },
  { type: "bool", value: true, little: "01" },
  { type: "float", value: 1.5, little: "0000c03f", big: "3fc00000" },
  { type: "double", value: -2.5, little: "00000000000004c0", big: "c004000000000000" },
  { type: "state", value: 2, little: "02000000", big: "00000002" },
  { type: "mask", value: 0xffff_ffff_ffff_ffffn, little: "ff".repeat(8) },
  { type: "pointer", value: 0xffff_8881_0000_0000n, little: "000000008188ffff", big: "ffff888100000000" },
  { type: "text", value: "skep", little: "736b657000000000" },
  { type: "bytes", value: Uint8Array.of(1, 2, 0, 4), little: "01020004" },
  { type: "numbers", value: [1, -1, 0], little: "01ff00" },
  { type: "empty", value: [], little: "" },
  {
    type: "matrix",
    value: [
      [1, 2],
      [3, 4],
    ],
    little: "0100020003000400",
    big: "0001000200030004",
  },
  {
    type: "pairs",
    value: [
      { first: 1, second: -1 },
      { first: 2, second: 0 },
    ],
    little: "01000000ffffffff0200000000000000",
    big: "00000001ffffffff0000000200000000",
  },
  {
    type: "nested",
    value: { pair: { first: 1, second: 2 }, inner: 3, whole: 4n, half: 4, last: 5 },
    little: `0100000002000000${"0300000000000000"}${"0400000000000000"}${"0500000000000000"}`,
    littleOnly: true,
  },
  {
    type: "union",
    value: { number: 0x2_0000_0001n, pair: { first: 1, second: 2 } },
    little: "0100000002000000",
    littleOnly: true,
  },
  {
    type: "bits",
    value: { low: 5, signed: -64, flag: true, crossing: 0x2aaaaaaa, wide: 0xff_ffff_ff00n },
    little: "055255555505000000ffffffff000000",
  },
];

for (const littleEndian of [true, false]) {
  describe(`values of a ${littleEndian ? "little" : "big"}-endian machine`, () => {
    for (const { type, value, little, big, littleOnly } of values) {
      if (littleOnly && !littleEndian) continue;
      test(`${type} there and back`, () => {
        const codec = codecOf(type, littleEndian);
        const bytes = encode(codec, value);
        const expected = littleEndian ? little : big;
        if (expected !== undefined) assert.equal(hex(bytes), expected);
        assert.deepEqual(codec.decode(viewOf(bytes), 0), value);
      });
    }
  });
}

test("bitfields of a big-endian machine are counted from the most significant bit", () => {
  const bytes = encode(codecOf("bits", false), { low: 5, signed: 0, flag: false, crossing: 1, wide: 0n });
  assert.equal(hex(bytes), `a0000000${"00200000"}${"00".repeat(8)}`);
});

test("text ends at the first NUL or with its array", () => {
  const codec = codecOf("text");
  assert.equal(codec.decode(viewOf(Buffer.from("abcdefgh")), 0), "abcdefgh");
  assert.equal(codec.decode(viewOf(Buffer.from("ab\0defgh")), 0), "ab");
  assert.equal(codec.decode(viewOf(Uint8Array.of(0xff, 0, 0, 0, 0, 0, 0, 0)), 0), "\ufffd");
});

test("bytes are a copy, and an offset is counted from the view", () => {
  const memory = Uint8Array.of(9, 9, 1, 2, 3, 4);
  const value = codecOf("bytes").decode(new DataView(memory.buffer, 1), 1);
  memory.fill(0);
  assert.deepEqual(value, Uint8Array.of(1, 2, 3, 4));
});

test("a union is encoded from the reading that is given", () => {
  assert.equal(hex(encode(codecOf("union"), { number: 7n })), "0700000000000000");
  assert.equal(hex(encode(codecOf("union"), { pair: { first: 7, second: 8 } })), "0700000008000000");
  const nested = { pair: { first: 0, second: 0 }, inner: 0, last: 0 };
  assert.equal(hex(encode(codecOf("nested"), { ...nested, half: 9 })).slice(32, 48), "0900000000000000");
});

test("numbers will do for bigints, and bigints for numbers", () => {
  assert.equal(hex(encode(codecOf("u64"), 258)), "0201000000000000");
  assert.equal(hex(encode(codecOf("u16"), 258n)), "0201");
});

describe("a value that does not fit is refused", () => {
  const whole = { pair: { first: 1, second: 2 }, inner: 3, last: 4 };
  const cases = [
    { type: "u8", value: 256, message: "value: expected an integer from 0 to 255, got 256" },
    { type: "s8", value: -129, message: "value: expected an integer from -128 to 127, got -129" },
    { type: "u32", value: 1.5, message: "value: expected an integer from 0 to 4294967295, got 1.5" },
    { type: "u64", value: "1", message: 'value: expected an integer from 0 to 18446744073709551615, got "1"' },
    { type: "bool", value: 1, message: "value: expected a boolean, got 1" },
    { type: "double", value: 1n, message: "value: expected a number, got 1" },
    { type: "text", value: "nine char", message: 'value: expected a string of up to 8 bytes, got "nine char"' },
    { type: "bytes", value: Uint8Array.of(1), message: "value: expected a Uint8Array of 4 bytes, got a object" },
    { type: "numbers", value: [1, 2], message: "value: expected an array of 3, got an array" },
    { type: "numbers", value: [1, 2, 300], message: "[2]: expected an integer from -128 to 127, got 300" },
    { type: "pair", value: null, message: "value: expected an object with first, second, got null" },
    {
      type: "nested",
      value: { ...whole, pair: { first: 1 } },
      message: "pair.second: expected an integer from -2147483648 to 2147483647, got undefined",
    },
    { type: "nested", value: { ...whole, typo: 1 }, message: "typo: expected no such member in the struct, got 1" },
    { type: "bits", value: { low: 8 }, message: "low: expected an integer from 0 to 7, got 8" },
  ];
  for (const { type, value, message } of cases) {
    test(`${type}: ${message}`, () => {
      assert.throws(() => encode(codecOf(type), value), { code: "invalid-argument", message });
    });
  }

  test("and so is memory that ends before the value", () => {
    assert.throws(() => codecOf("u64").decode(new DataView(new ArrayBuffer(8)), 1), {
      code: "invalid-argument",
      message: "a value of 8 bytes does not fit at offset 1 of 8 bytes",
    });
  });
});

describe("a type that has no values or makes no sense is refused", () => {
  const b = new BtfBuilder();
  const int = b.int("int", 4);
  const odd = b.int("odd", 3);
  const forward = b.add("forward", BtfKind.forward, 0, 0);
  const contains = b.struct("contains", 4, [{ name: "itself", type: forward + 1, bitOffset: 0 }]);
  const outside = b.struct("outside", 4, [{ name: "far", type: int, bitOffset: 8 }]);
  const many = b.array(b.array(b.struct("nothing", 0, []), 65536), 65536);
  const half = b.add("half", BtfKind.float, 0, 2);
  const btf = Btf.parse(b.bytes());
  const cases = [
    { id: 0, code: "invalid-argument", message: "BTF type 0 (nameless) has no values" },
    { id: forward, code: "invalid-argument", message: `BTF type ${forward} (forward) has no values` },
    { id: odd, code: "format", message: "integers of 3 bytes are unknown" },
    { id: half, code: "format", message: "floating-point numbers of 2 bytes are unknown" },
    { id: contains, code: "format", message: `BTF type ${contains} nests too deep, or contains itself` },
    { id: outside, code: "format", message: `member "far" of BTF type ${outside} is not inside it` },
    { id: many, code: "format", message: `BTF type ${many} claims 4294967296 values` },
  ];
  for (const { id, code, message } of cases) {
    test(message, () => assert.throws(() => compileCodec(btf, id), { code, message }));
  }
});

test("whatever is encoded is decoded to the same", () => {
  const pair = fc.record({ first: fc.nat(0xffff_ffff), second: fc.integer() }, { noNullPrototype: true });
  fc.assert(
    fc.property(
      fc.boolean(),
      pair,
      fc.bigInt(0n, (1n << 40n) - 1n),
      fc.nat(7),
      fc.nat((1 << 30) - 1),
      (little, first, wide, low, crossing) => {
        const pairs = [first, { first: 1, second: -1 }];
        const pairCodec = codecOf("pairs", little);
        assert.deepEqual(pairCodec.decode(viewOf(encode(pairCodec, pairs)), 0), pairs);
        const bits = { low, signed: -1, flag: false, crossing, wide };
        const bitsCodec = codecOf("bits", little);
        assert.deepEqual(bitsCodec.decode(viewOf(encode(bitsCodec, bits)), 0), bits);
      },
    ),
  );
});

describe("TypeScript types", () => {
  const { btf, id } = types(true);

  test("are what codecs make", () => {
    const printer = new TypePrinter(btf);
    const expressions: Record<string, string> = {};
    for (const [name, typeId] of Object.entries(id)) expressions[name] = printer.expression(typeId);
    assert.deepEqual(expressions, {
      u8: "number",
      char: "number",
      s8: "number",
      u16: "number",
      s32: "number",
      u32: "number",
      u64: "bigint",
      s64: "bigint",
      u128: "bigint",
      s128: "bigint",
      bool: "boolean",
      float: "number",
      double: "number",
      state: "number",
      mask: "bigint",
      pair: "Pair",
      pointer: "bigint",
      text: "string",
      bytes: "Uint8Array",
      numbers: "number[]",
      pairs: "Pair[]",
      matrix: "number[][]",
      empty: "number[]",
      nested: "Nested",
      union: "Choice",
      bits: "Bits",
    });
  });

  test("are declared with all that they need", () => {
    assert.equal(
      typeDeclaration(btf, id["nested"] ?? 0),
      [
        "/** `struct nested`: 32 bytes. */",
        "export interface Nested {",
        "  pair: Pair;",
        "  inner: number;",
        "  whole: bigint;",
        "  half: number;",
        "  last: number;",
        "}",
        "",
        "/** `struct pair`: 8 bytes. */",
        "export interface Pair {",
        "  first: number;",
        "  second: number;",
        "}",
        "",
      ].join("\n"),
    );
  });

  test("have constants for enums", () => {
    assert.equal(
      typeDeclaration(btf, id["state"] ?? 0),
      "/** `enum state`. */\nexport const State = {\n  IDLE: 0,\n  BUSY: 2,\n} as const;\n",
    );
    assert.match(typeDeclaration(btf, id["mask"] ?? 0), /ALL: 18446744073709551615n,/);
  });

  test("let nothing of a hostile file's names into the code", () => {
    const b = new BtfBuilder();
    const int = b.int("int", 4);
    const struct = b.struct("x */ attack(); /*", 4, [{ name: 'y"]; attack(); //', type: int, bitOffset: 0 }]);
    assert.equal(
      typeDeclaration(Btf.parse(b.bytes()), struct),
      '/** `struct x ?? attack??? ??`: 4 bytes. */\nexport interface XAttack {\n  "y\\"]; attack(); //": number;\n}\n',
    );
  });

  test("of the same name are told apart, and of nameless ones the typedef counts", () => {
    const b = new BtfBuilder();
    const int = b.int("int", 4);
    const one = b.struct("same_name", 4, [{ name: "a", type: int, bitOffset: 0 }]);
    const two = b.struct("SameName", 4, [{ name: "b", type: int, bitOffset: 0 }]);
    const nameless = b.struct("", 4, [{ name: "c", type: int, bitOffset: 0 }]);
    const typedef = b.typedef("by_typedef", nameless);
    const printer = new TypePrinter(Btf.parse(b.bytes()));
    assert.deepEqual(
      [one, two, nameless, typedef, one].map((type) => printer.expression(type)),
      ["SameName", "SameName2", "{ c: number; }", "ByTypedef", "SameName"],
    );
  });
});
