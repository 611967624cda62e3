import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ProtobufWriter } from "./writer.ts";

function written(write: (writer: ProtobufWriter) => void): string {
  const writer = new ProtobufWriter();
  write(writer);
  return Buffer.from(writer.finish()).toString("hex");
}

test("varints take the bytes of the protobuf specification", () => {
  const cases: readonly (readonly [number | bigint, string])[] = [
    [0, "00"],
    [1, "01"],
    [127, "7f"],
    [128, "8001"],
    [150, "9601"],
    [0xffff_ffff, "ffffffff0f"],
    [0x1_0000_0000, "8080808010"],
    [Number.MAX_SAFE_INTEGER, "ffffffffffffff0f"],
    [2 ** 60, "808080808080808010"],
    [-1, "ffffffffffffffffff01"],
    [-1n, "ffffffffffffffffff01"],
    [0xffff_ffff_8100_0000n, "80808088f8ffffffff01"],
    [2n ** 64n - 1n, "ffffffffffffffffff01"],
  ];
  for (const [value, hex] of cases) {
    assert.equal(
      written((writer) => writer.varint(1, value)),
      `08${hex}`,
      `${value}`,
    );
  }
});

test("numbers and bigints of the same value give the same bytes", () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), (value) => {
      assert.equal(
        written((writer) => writer.varint(3, value)),
        written((writer) => writer.varint(3, BigInt(value))),
      );
    }),
  );
});

test("every 64-bit integer comes back from its varint", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (value) => {
      const bytes = Buffer.from(
        written((writer) => writer.varint(1, value)),
        "hex",
      ).subarray(1);
      let decoded = 0n;
      for (const [index, byte] of bytes.entries()) {
        assert.equal(byte >= 0x80, index < bytes.length - 1);
        decoded |= BigInt(byte & 0x7f) << BigInt(7 * index);
      }
      assert.equal(decoded, value);
    }),
  );
});

test("a fraction is refused, not cut", () => {
  const writer = new ProtobufWriter();
  assert.throws(() => writer.varint(1, 1.5), new RangeError("1.5 is not an integer that a varint can hold"));
  assert.throws(() => writer.varint(1, Number.NaN), RangeError);
  assert.throws(() => writer.varint(1, 2 ** 63), RangeError);
});

test("field numbers above 15 take a tag of two bytes", () => {
  assert.equal(
    written((writer) => writer.bool(16, true)),
    "800101",
  );
});

test("nested messages carry their length in front, however long they are", () => {
  for (const sizeBytes of [0, 1, 127, 128, 129, 16_383, 16_384, 100_000]) {
    const content = "x".repeat(sizeBytes);
    const bytes = Buffer.from(
      written((writer) => {
        const outer = writer.beginMessage(1);
        writer.string(2, content);
        writer.endMessage(outer);
        writer.bool(3, true);
      }),
      "hex",
    );
    const lengthOf = (value: number) => written((writer) => writer.varint(1, value)).slice(2);
    const inner = `12${lengthOf(sizeBytes)}${Buffer.from(content).toString("hex")}`;
    assert.equal(bytes.toString("hex"), `0a${lengthOf(inner.length / 2)}${inner}1801`, `${sizeBytes} bytes`);
  }
});

test("a message that ends where the memory is full keeps its content", () => {
  // The memory grows beyond 4096 bytes at each write of the message in turn.
  for (let paddingBytes = 4_060; paddingBytes < 4_110; paddingBytes++) {
    const writer = new ProtobufWriter();
    writer.bytes(1, new Uint8Array(paddingBytes));
    const start = writer.beginMessage(2);
    writer.string(3, "ab");
    writer.endMessage(start);
    const lastBytes = Buffer.from(writer.finish()).subarray(-6).toString("hex");
    assert.equal(lastBytes, "12041a026162", `after ${paddingBytes} bytes`);
  }
});

test("strings are UTF-8, and a lone surrogate is replaced", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => {
      const utf8 = Buffer.from(text.toWellFormed());
      assert.ok(written((writer) => writer.string(1, text)).endsWith(utf8.toString("hex")));
    }),
  );
  assert.equal(
    written((writer) => writer.string(1, "\ud800")),
    "0a03efbfbd",
  );
});

test("packed integers stand in one field", () => {
  assert.equal(
    written((writer) => writer.packedVarints(4, [3, 270, 86_942n])),
    "2206038e029ea705",
  );
  assert.equal(
    written((writer) => writer.packedVarints(4, [])),
    "2200",
  );
});

test("sizeBytes counts what was written", () => {
  const writer = new ProtobufWriter();
  assert.equal(writer.sizeBytes, 0);
  writer.string(1, "abc");
  assert.equal(writer.sizeBytes, 5);
  assert.equal(writer.finish().length, 5);
});
