import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeHuffman, huffmanCodes, maxDecodedBytes } from "./huffman.ts";
import { encodeHuffman } from "./testing/hpack-encoder.ts";

function decode(bytes: Uint8Array): string | undefined {
  const output = Buffer.alloc(maxDecodedBytes(bytes.length));
  const length = decodeHuffman(bytes, 0, bytes.length, output);
  return length < 0 ? undefined : output.toString("latin1", 0, length);
}

// RFC 7541, appendices C.4 and C.6.
const strings: readonly (readonly [hex: string, text: string])[] = [
  ["f1e3c2e5f23a6ba0ab90f4ff", "www.example.com"],
  ["a8eb10649cbf", "no-cache"],
  ["25a849e95ba97d7f", "custom-key"],
  ["25a849e95bb8e8b4bf", "custom-value"],
  ["6402", "302"],
  ["aec3771a4b", "private"],
  ["d07abe941054d444a8200595040b8166e082a62d1bff", "Mon, 21 Oct 2013 20:13:21 GMT"],
  ["9d29ad171863c78f0b97c8e9ae82ae43d3", "https://www.example.com"],
  ["640eff", "307"],
  ["9bd9ab", "gzip"],
  [
    "94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007",
    "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
  ],
  ["", ""],
];
for (const [hex, text] of strings) {
  test(`"${text}" as in the RFC`, () => {
    assert.equal(decode(Buffer.from(hex, "hex")), text);
    assert.equal(encodeHuffman(text).toString("hex"), hex);
  });
}

test("codes of each kind are those of the RFC", () => {
  const codes = huffmanCodes().map(({ code, lengthBits }) => `${lengthBits}:${code.toString(16)}`);
  assert.equal(codes.length, 257);
  const picked = [0, 10, 48, 88, 92, 127, 195, 207, 249, 255, 256].map((symbol) => codes[symbol]);
  const rfc = ["13:1ff8", "30:3ffffffc", "5:0", "8:fc", "19:7fff0", "28:ffffffc", "19:7fff1", "25:1ffffed"];
  assert.deepEqual(picked, [...rfc, "28:ffffffe", "26:3ffffee", "30:3fffffff"]);
});

const malformed: readonly (readonly [problem: string, hex: string])[] = [
  ["8 bits of padding", "07ff"],
  ["padding of zeros", "00"],
  ["the end-of-string symbol", "ffffffff"],
  ["the end-of-string symbol after a letter", "1fffffffff"],
  ["the beginning of a long code", "ffff"],
];
for (const [problem, hex] of malformed) {
  test(`${problem} is malformed`, () => assert.equal(decode(Buffer.from(hex, "hex")), undefined));
}

test("any bytes come back, and no bytes but those of a string make one", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const text = Buffer.from(bytes).toString("latin1");
      assert.equal(decode(encodeHuffman(text)), text);
      const decoded = decode(bytes);
      if (decoded !== undefined) assert.deepEqual(encodeHuffman(decoded), Buffer.from(bytes));
    }),
  );
});
