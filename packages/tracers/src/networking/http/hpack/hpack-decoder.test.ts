import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { HpackDecoder, type HpackResult } from "./hpack-decoder.ts";
import { HeaderFields, KeptHeader, keptHeader } from "./kept-headers.ts";
import { type EncodedField, encodeInteger, HpackEncoder } from "./testing/hpack-encoder.ts";

const fields = new HeaderFields();

function decode(decoder: HpackDecoder, block: Uint8Array | string, isWhole = true): HpackResult {
  const bytes = typeof block === "string" ? Buffer.from(block.replaceAll(" ", ""), "hex") : block;
  // Between other bytes, none of which may be read.
  const surrounded = Buffer.concat([Buffer.alloc(3, 0xbf), bytes, Buffer.alloc(3, 0xbf)]);
  return decoder.decode(surrounded, 3, 3 + bytes.length, isWhole, fields);
}

/** The kept fields of the last block. */
function kept(): Record<string, string> {
  const entries = Object.entries(KeptHeader).map(([name, header]) => [name, fields.get(header)]);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

interface Example {
  readonly block: string;
  readonly kept: Readonly<Record<string, string>>;
  readonly count: number;
  readonly tableBytes: number;
}

const requests: Example[] = [
  {
    block: "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
    kept: { method: "GET", scheme: "http", path: "/", authority: "www.example.com" },
    count: 4,
    tableBytes: 57,
  },
  {
    block: "8286 84be 5808 6e6f 2d63 6163 6865",
    kept: { method: "GET", scheme: "http", path: "/", authority: "www.example.com" },
    count: 5,
    tableBytes: 110,
  },
  {
    block: "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
    kept: { method: "GET", scheme: "https", path: "/index.html", authority: "www.example.com" },
    count: 5,
    tableBytes: 164,
  },
];
const requestsInHuffman = [
  "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
  "8286 84be 5886 a8eb 1064 9cbf",
  "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
];
const limitOf256: Example = { block: "3fe101", kept: {}, count: 0, tableBytes: 0 };
const responses: Example[] = [
  limitOf256,
  {
    block:
      "4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d 54" +
      "6e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
    kept: { status: "302" },
    count: 4,
    tableBytes: 222,
  },
  { block: "4803 3330 37c1 c0bf", kept: { status: "307" }, count: 4, tableBytes: 222 },
  {
    block:
      "88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f 6f3d" +
      "4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572" +
      "7369 6f6e 3d31",
    kept: { status: "200" },
    count: 6,
    tableBytes: 215,
  },
];
const responsesInHuffman = [
  limitOf256.block,
  "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8" +
    "e9ae 82ae 43d3",
  "4883 640e ffc1 c0bf",
  "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b" +
    "3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07",
];

function reblock(examples: readonly Example[], blocks: readonly string[]): Example[] {
  return examples.map((example, index) => ({ ...example, block: blocks[index] ?? "" }));
}

// RFC 7541, appendix C: each row is one connection.
const conversations: readonly (readonly [name: string, examples: readonly Example[]])[] = [
  [
    "C.2.1, a literal with indexing",
    [{ block: "400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572", kept: {}, count: 1, tableBytes: 55 }],
  ],
  [
    "C.2.2, a literal without indexing",
    [{ block: "040c 2f73 616d 706c 652f 7061 7468", kept: { path: "/sample/path" }, count: 1, tableBytes: 0 }],
  ],
  [
    "C.2.3, a literal never indexed",
    [{ block: "1008 7061 7373 776f 7264 0673 6563 7265 74", kept: {}, count: 1, tableBytes: 0 }],
  ],
  ["C.2.4, an indexed field", [{ block: "82", kept: { method: "GET" }, count: 1, tableBytes: 0 }]],
  ["C.3, requests", requests],
  ["C.4, requests in Huffman code", reblock(requests, requestsInHuffman)],
  ["C.5, responses with eviction", responses],
  ["C.6, responses with eviction in Huffman code", reblock(responses, responsesInHuffman)],
];
for (const [name, examples] of conversations) {
  test(`RFC 7541, ${name}`, () => {
    const decoder = new HpackDecoder(true);
    for (const example of examples) {
      assert.equal(decode(decoder, example.block), "complete");
      assert.deepEqual(
        { kept: kept(), count: fields.count, unknown: fields.unknownCount, tableBytes: decoder.tableBytes },
        { kept: example.kept, count: example.count, unknown: 0, tableBytes: example.tableBytes },
      );
    }
    assert.equal(decoder.desynchronisedCount, 0);
    assert.equal(decoder.hasUnknownEntries, false);
  });
}

// RFC 7541, appendix C.1: 10, 1337 and 42; the limits of the other integers here are ours.
const integers: readonly (readonly [hex: string, value: number | undefined])[] = [
  ["2a", 10],
  ["3f9a0a", 1337],
  ["3f0b", 42],
  ["3fe1ff03", 65_536],
  ["3fe2ff03", undefined],
  ["3fffffffffff0f", undefined],
  ["3fffffffffffffff7f", undefined],
  ["3f8080808080808000", undefined],
];
for (const [hex, value] of integers) {
  test(`a limit of ${hex} is ${value ?? "malformed"}`, () => {
    assert.equal(decode(new HpackDecoder(true), hex), value === undefined ? "malformed" : "complete");
    if (value !== undefined) assert.equal(Buffer.from(encodeInteger(value, 5, 0x20)).toString("hex"), hex);
  });
}

test("the other side's SETTINGS allow larger tables", () => {
  const decoder = new HpackDecoder(true);
  decoder.allowTableBytes(1 << 17);
  decoder.allowTableBytes(4_096);
  assert.equal(decode(decoder, Buffer.from(encodeInteger(1 << 17, 5, 0x20))), "complete");
  assert.equal(decode(decoder, Buffer.from(encodeInteger((1 << 17) + 1, 5, 0x20))), "malformed");
});

const malformed: readonly (readonly [problem: string, block: string])[] = [
  ["index 0", "80"],
  ["an index behind the table", "be"],
  ["a name's index behind the table", "7e 01 61"],
  ["an integer that is too large", "ffffffffffff7f"],
  ["a limit behind a field", "82 3f e1 01"],
  ["an integer cut off", "82 ff 80"],
  ["a string's length cut off", "82 04"],
  ["a name cut off", "82 00 05 61"],
  ["a value cut off", "82 04 05 2f"],
  ["a skipped value cut off", "82 0f 0a 05 2f"],
  ["a string's length too large", "82 04 7f ff ff ff ff 7f"],
  ["Huffman code with the end-of-string symbol", "82 04 84 ff ff ff ff"],
];
for (const [problem, block] of malformed) {
  test(`${problem} makes the block malformed, and the table unknown`, () => {
    const decoder = new HpackDecoder(true);
    decode(decoder, requests[0]?.block ?? "");
    decode(decoder, "20");
    assert.equal(decode(decoder, block), "malformed");
    assert.deepEqual(kept(), {});
    assert.equal(fields.count, 0);
    assert.equal(decoder.hasUnknownEntries, true);
    assert.equal(decoder.desynchronisedCount, 1);
    assert.equal(decode(decoder, "82 be"), "complete", "what stood in the table is now unknown");
    assert.equal(fields.unknownCount, 1);
  });
}

test("of a block whose end is missing, the fields before it are kept", () => {
  for (const cut of ["82 86", "82 86 04", "82 86 04 05 2f"]) {
    const decoder = new HpackDecoder(true);
    assert.equal(decode(decoder, cut, false), "truncated");
    assert.deepEqual(kept(), { method: "GET", scheme: "http" });
    assert.equal(decoder.desynchronisedCount, 1);
    assert.equal(decoder.hasUnknownEntries, true);
  }
  assert.equal(decode(new HpackDecoder(true), "82 80", false), "malformed");
});

test("entries made after joining are exact, older ones unknown", () => {
  const decoder = new HpackDecoder(false);
  assert.equal(decoder.hasUnknownEntries, true);
  assert.equal(decode(decoder, "82 be 41 03 612e62"), "complete");
  assert.deepEqual([kept(), fields.unknownCount], [{ method: "GET", authority: "a.b" }, 1]);
  assert.equal(decode(decoder, "be bf"), "complete");
  assert.deepEqual([kept(), fields.unknownCount], [{ authority: "a.b" }, 1]);
  // A value that we see of a name that we don't: an entry of unknown size, that is no name of ours.
  assert.equal(decode(decoder, "7f 00 03 313233"), "complete");
  assert.deepEqual([kept(), fields.unknownCount], [{}, 1]);
  assert.equal(decode(decoder, "be bf"), "complete");
  assert.deepEqual([kept(), fields.unknownCount], [{ authority: "a.b" }, 1]);
  assert.equal(decoder.desynchronisedCount, 0);
});

test("no entry is unknown once a limit has driven the old ones out", () => {
  const decoder = new HpackDecoder(false);
  assert.equal(decode(decoder, "20 3fe11f 41 03 612e62"), "complete");
  assert.equal(decoder.hasUnknownEntries, false);
  assert.equal(decode(decoder, "be"), "complete");
  assert.deepEqual(kept(), { authority: "a.b" });
  assert.equal(decode(decoder, "bf"), "malformed");
});

test("no entry is unknown once newer ones fill the table", () => {
  const decoder = new HpackDecoder(false);
  const encoder = new HpackEncoder();
  const field: EncodedField = { name: ":path", value: "x".repeat(50), representation: "inserted", huffman: false };
  assert.equal(decode(decoder, Buffer.concat([encoder.setLimit(200), encoder.encode([field])])), "complete");
  assert.equal(decoder.hasUnknownEntries, true, "87 of 200 bytes");
  decode(decoder, encoder.encode([field]));
  assert.equal(decoder.hasUnknownEntries, false, "174 of 200 bytes, and an entry has 32");
  decode(decoder, encoder.encode([field]));
  assert.equal(decoder.tableBytes, encoder.sizeBytes);
  decode(decoder, encoder.encode([{ ...field, value: "x".repeat(200) }]));
  assert.equal(decoder.tableBytes, 0, "an entry larger than the table empties it");
});

test("an index that no table of the limit can have is malformed", () => {
  const decoder = new HpackDecoder(false);
  assert.equal(decode(decoder, "3fe11f bf"), "complete");
  const last = 61 + 4_096 / 32;
  assert.equal(decode(decoder, Buffer.from(encodeInteger(last, 7, 0x80))), "complete");
  assert.equal(decode(decoder, Buffer.from(encodeInteger(last + 1, 7, 0x80))), "malformed");
});

test("a value that is too long is not kept, and no table grows without a bound", () => {
  const decoder = new HpackDecoder(false);
  const encoder = new HpackEncoder();
  const limit = encoder.setLimit(60_000);
  const path = (value: string): EncodedField => ({ name: ":path", value, representation: "inserted", huffman: true });
  assert.equal(decode(decoder, Buffer.concat([limit, encoder.encode([path("/".repeat(9_000))])])), "complete");
  assert.deepEqual([kept(), fields.count], [{}, 1]);
  for (let index = 0; index < 1_500; index++) decode(decoder, encoder.encode([path(`/${index}`)]));
  assert.equal(decoder.tableBytes, encoder.sizeBytes);

  const late = new HpackDecoder(false);
  for (let index = 0; index < 1_500; index++) decode(late, encoder.encode([path(`/${index}`)]));
  assert.ok(late.tableBytes <= 1 << 14 && late.hasUnknownEntries);
});

test("what is not held of a large table is unknown", () => {
  const decoder = new HpackDecoder(true);
  const encoder = new HpackEncoder();
  decoder.allowTableBytes(1 << 17);
  assert.equal(decode(decoder, encoder.setLimit(1 << 17)), "complete");
  const large = { name: "x", representation: "inserted", huffman: false } as const;
  for (let index = 0; index < 20; index++) {
    decode(decoder, encoder.encode([{ ...large, value: `${index}`.padEnd(5_000, "x") }]));
  }
  assert.equal(encoder.entryCount, 20);
  assert.equal(decoder.hasUnknownEntries, true);
  const oldest = Buffer.from(encodeInteger(61 + 20, 7, 0x80));
  assert.equal(decode(decoder, oldest), "complete");
  assert.equal(fields.unknownCount, 1);
});

const names = fc.constantFrom(
  ...[
    ":method",
    ":path",
    ":status",
    ":authority",
    ":scheme",
    ":protocol",
    "content-type",
    "content-length",
    "user-agent",
  ],
  ...["grpc-status", "traceparent", "host", "cookie", "x-request-id", "te", "grpc-statue", "server"],
);
const values = fc.oneof(
  fc.constantFrom("GET", "POST", "/", "200", "204", "https", "a", ""),
  fc.string({ maxLength: 80, unit: "binary-ascii" }),
);
const encodedField: fc.Arbitrary<EncodedField> = fc.record({
  name: names,
  value: values,
  representation: fc.constantFrom("indexed", "indexed", "inserted", "plain", "neverIndexed"),
  huffman: fc.boolean(),
});
/** A block, and maybe a new limit before it. A name comes once, since of two the decoder keeps the first. */
const plannedBlock = fc.record({
  limitBytes: fc.option(fc.constantFrom(0, 40, 100, 300, 4_096), { freq: 6 }),
  fields: fc.uniqueArray(encodedField, { maxLength: 8, selector: ({ name }) => name }),
});
/** `lost` blocks are encoded, but never reach the decoder; which first ones are lost is the same as when we join. */
const conversation = fc.array(plannedBlock, { minLength: 1, maxLength: 20 });

function encodeBlock(
  encoder: HpackEncoder,
  block: { limitBytes: number | null; fields: readonly EncodedField[] },
): Buffer {
  const limit = block.limitBytes === null ? Buffer.alloc(0) : encoder.setLimit(block.limitBytes);
  return Buffer.concat([limit, encoder.encode(block.fields)]);
}

function expectedOf(block: { fields: readonly EncodedField[] }): Map<number, string> {
  const known = block.fields.map(({ name, value }) => [keptHeader(name), value] as const);
  return new Map(known.filter(([header]) => header !== KeptHeader.other));
}

test("what an encoder puts in comes out, and the tables agree", () => {
  fc.assert(
    fc.property(conversation, (blocks) => {
      const encoder = new HpackEncoder();
      const decoder = new HpackDecoder(true);
      for (const block of blocks) {
        assert.equal(decode(decoder, encodeBlock(encoder, block)), "complete");
        for (const [header, value] of expectedOf(block)) assert.equal(fields.get(header), value);
        assert.equal(fields.count, block.fields.length);
        assert.equal(fields.unknownCount, 0);
        assert.equal(decoder.tableBytes, encoder.sizeBytes);
        assert.equal(decoder.hasUnknownEntries, false);
      }
    }),
  );
});

test("joined late, and with blocks lost or cut on the way, a value is right or absent, never wrong", () => {
  const fates = fc.array(fc.constantFrom("seen", "seen", "seen", "lost", "cut"), { minLength: 20, maxLength: 20 });
  fc.assert(
    fc.property(conversation, fc.nat(10), fates, fc.nat(), (blocks, joinedAt, fatesOfBlocks, cutAt) => {
      const encoder = new HpackEncoder();
      const decoder = new HpackDecoder(joinedAt === 0);
      let lostCount = 0;
      for (const [index, block] of blocks.entries()) {
        const bytes = encodeBlock(encoder, block);
        if (index < joinedAt) continue;
        const fate = fatesOfBlocks[index] ?? "seen";
        if (fate !== "seen") lostCount++;
        if (fate === "lost") {
          decoder.lose();
          continue;
        }
        const isWhole = fate === "seen";
        const seenBytes = isWhole ? bytes : bytes.subarray(0, cutAt % (bytes.length + 1));
        assert.equal(decode(decoder, seenBytes, isWhole), isWhole ? "complete" : "truncated");
        let missing = 0;
        for (const [header, value] of expectedOf(block)) {
          if (fields.get(header) === undefined) missing++;
          else assert.equal(fields.get(header), value);
        }
        if (isWhole) assert.ok(missing <= fields.unknownCount, "what is missing is said to be");
        for (const header of Object.values(KeptHeader)) {
          if (!expectedOf(block).has(header)) assert.equal(fields.get(header), undefined);
        }
      }
      assert.equal(decoder.desynchronisedCount, lostCount);
    }),
    { numRuns: 300 },
  );
});

test("any bytes end in an answer", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 10 }), fc.boolean(), (blocks, fromStart) => {
      const decoder = new HpackDecoder(fromStart);
      for (const block of blocks) {
        const result = decode(decoder, block, block.length % 5 !== 0);
        if (result === "malformed") assert.deepEqual(kept(), {});
        assert.ok(decoder.tableBytes <= 1 << 16);
      }
    }),
    { numRuns: 500 },
  );
});
