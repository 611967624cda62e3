import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { OtlpError } from "../errors.ts";
import { protobufFields, signedIntegerOf, stringOf } from "./reader.ts";
import { ProtobufWriter } from "./writer.ts";

function fieldsOf(bytes: Uint8Array) {
  return Array.from(protobufFields(bytes), ({ number, value }) => [
    number,
    typeof value === "bigint" ? value : Buffer.from(value).toString("hex"),
  ]);
}

test("the fields come in their order, with their values", () => {
  const writer = new ProtobufWriter();
  writer.varint(1, -1);
  writer.string(2, "✓");
  writer.fixed64(3, 1);
  writer.fixed32(4, 2);
  writer.varint(1_000, 300);
  assert.deepEqual(fieldsOf(writer.finish()), [
    [1, 2n ** 64n - 1n],
    [2, "e29c93"],
    [3, "0100000000000000"],
    [4, "02000000"],
    [1_000, 300n],
  ]);
});

test("integers are signed, strings UTF-8, and another type reads as nothing", () => {
  assert.equal(signedIntegerOf(2n ** 64n - 5n), -5n);
  assert.equal(signedIntegerOf(Uint8Array.of(1)), 0n);
  assert.equal(stringOf(Buffer.from("✓")), "✓");
  assert.equal(stringOf(7n), "");
});

const malformed: readonly (readonly [hex: string, problem: string])[] = [
  ["0a05616263", "ends within a field"],
  ["09010203", "ends within a field"],
  ["0d0102", "ends within a field"],
  ["08", "ends within an integer"],
  ["08ff", "ends within an integer"],
  ["08ffffffffffffffffffffff01", "has an integer of more than ten bytes"],
  ["0b", "has a field of wire type 3"],
  ["0affffffffffffffffff01", "ends within a field"],
];
for (const [hex, problem] of malformed) {
  test(`${hex} ${problem}`, () => {
    assert.throws(
      () => fieldsOf(Buffer.from(hex, "hex")),
      new OtlpError("response", `the receiver's answer is no protobuf message: it ${problem}`),
    );
  });
}

test("any bytes end in fields or in an error", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      try {
        fieldsOf(bytes);
      } catch (error) {
        assert.ok(error instanceof OtlpError && error.code === "response");
      }
    }),
  );
});
