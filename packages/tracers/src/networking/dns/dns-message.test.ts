import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { MAX_ADDRESSES, MAX_QUESTIONS, parseDnsMessage } from "./dns-message.ts";
import { dnsRcodeName, dnsTypeName } from "./dns-names.ts";
import { encodeMessage, encodeName, pointer, RESPONSE, TYPES } from "./testing/dns-encoder.ts";

const loopback6 = [0x20, 0x01, 0x0d, 0xb8, ...new Array(11).fill(0), 1];

test("a query, as glibc sends it", () => {
  const query = "12340120000100000000000103777777076578616d706c6503636f6d00001c00010000290200000000000000";
  assert.deepEqual(parseDnsMessage(Buffer.from(query, "hex")), {
    id: 0x1234,
    isResponse: false,
    opcode: 0,
    rcode: "NOERROR",
    isTruncated: false,
    questions: [{ name: "www.example.com", type: "AAAA" }],
    questionCount: 1,
    answers: {},
    addresses: [],
    isWhole: true,
  });
});

test("answers are counted by type, and addresses read", () => {
  const message = encodeMessage({
    id: 7,
    flags: RESPONSE,
    questions: [["www.Example.com", TYPES.A]],
    answers: [
      { name: pointer(12), type: TYPES.CNAME, data: encodeName("cdn.example.net") },
      { name: "cdn.example.net", type: TYPES.A, data: [192, 0, 2, 1] },
      { name: pointer(12), type: TYPES.A, data: [192, 0, 2, 2] },
      { name: pointer(16), type: TYPES.AAAA, data: loopback6 },
      { name: ".", type: TYPES.A, data: [1, 2, 3] },
      { name: "a", type: 4_711, data: [] },
    ],
  });
  assert.deepEqual(parseDnsMessage(message), {
    id: 7,
    isResponse: true,
    opcode: 0,
    rcode: "NOERROR",
    isTruncated: false,
    questions: [{ name: "www.example.com", type: "A" }],
    questionCount: 1,
    answers: { CNAME: 1, A: 3, AAAA: 1, TYPE4711: 1 },
    addresses: ["192.0.2.1", "192.0.2.2", "2001:db8::1"],
    isWhole: true,
  });
});

test("what was not captured is missing, and said to be", () => {
  const answer = { name: pointer(12), type: TYPES.A, data: [192, 0, 2, 1] };
  const message = encodeMessage({ flags: RESPONSE, questions: [["a.b", TYPES.A]], answers: [answer, answer] });
  const questionsEnd = 12 + 5 + 4;
  for (let length = 0; length <= message.length; length++) {
    const parsed = parseDnsMessage(message.subarray(0, length));
    if (length < questionsEnd) assert.equal(parsed, undefined);
    else {
      assert.equal(parsed?.addresses.length, Math.floor((length - questionsEnd) / 16));
      assert.equal(parsed?.isWhole, length === message.length);
    }
  }
});

const flags: readonly (readonly [flags: number, expected: object])[] = [
  [0x8183, { rcode: "NXDOMAIN", isResponse: true }],
  [0x8182, { rcode: "SERVFAIL" }],
  [0x818c, { rcode: "RCODE12" }],
  [0x8380, { isTruncated: true, rcode: "NOERROR" }],
  [0x2800, { opcode: 5, isResponse: false }],
];
for (const [value, expected] of flags) {
  test(`flags ${value.toString(16)} are ${JSON.stringify(expected)}`, () => {
    const parsed = parseDnsMessage(encodeMessage({ flags: value })) ?? {};
    assert.deepEqual({ ...parsed, ...expected }, parsed);
  });
}

test("types and codes without a name have a number", () => {
  assert.deepEqual([1, 28, 65, 257, 4_711].map(dnsTypeName), ["A", "AAAA", "HTTPS", "CAA", "TYPE4711"]);
  assert.deepEqual([0, 2, 3, 5, 15].map(dnsRcodeName), ["NOERROR", "SERVFAIL", "NXDOMAIN", "REFUSED", "RCODE15"]);
});

const label63 = "x".repeat(63);
const names: readonly (readonly [what: string, name: string | Uint8Array, text: string | undefined])[] = [
  ["the root", ".", "."],
  ["upper case", "WwW.EXAMPLE", "www.example"],
  ["bytes that are no letters", Buffer.from("\x04a. \xff\x01\\\x00", "latin1"), "a\\.\\032\\255.\\\\"],
  [
    "255 bytes",
    `${label63}.${label63}.${label63}.${"y".repeat(61)}`,
    `${label63}.${label63}.${label63}.${"y".repeat(61)}`,
  ],
  ["256 bytes", `${label63}.${label63}.${label63}.${"y".repeat(62)}`, undefined],
  ["a pointer to itself", pointer(12), undefined],
  ["a pointer forward", pointer(14), undefined],
  ["two pointers in a circle", Uint8Array.of(1, 97, 0xc0, 12), undefined],
  ["a label of an old kind", Uint8Array.of(0x41, 1, 0), undefined],
  ["a label without end", Uint8Array.of(40, 97), undefined],
  ["a pointer into the header", pointer(4), undefined],
];
for (const [what, name, text] of names) {
  test(`a name with ${what} is ${text === undefined ? "malformed" : "read"}`, () => {
    const parsed = parseDnsMessage(encodeMessage({ questions: [[name, TYPES.A]] }));
    assert.deepEqual(parsed?.questions, text === undefined ? undefined : [{ name: text, type: "A" }]);
  });
}

test("a name may point to one that points on", () => {
  const first = encodeName("example.com");
  const questions: [string | Uint8Array, number][] = [
    ["example.com", TYPES.NS],
    [Buffer.concat([Uint8Array.of(1, 98), pointer(12)]), TYPES.A],
    [Buffer.concat([Uint8Array.of(1, 97), pointer(12 + first.length + 4)]), TYPES.HTTPS],
  ];
  assert.deepEqual(parseDnsMessage(encodeMessage({ questions }))?.questions, [
    { name: "example.com", type: "NS" },
    { name: "b.example.com", type: "A" },
    { name: "a.b.example.com", type: "HTTPS" },
  ]);
});

/** A message whose last name goes through so many pointers, each to the one before it, to the root. */
function chainOfPointers(count: number): Buffer {
  // They stand in labels of other names, 30 in each, 4 labels in a name: the first byte of the first one is the root.
  const labelCount = Math.ceil(count / 30);
  const names: Buffer[] = [];
  let offset = 12;
  let target = 13;
  for (let label = 0; label < labelCount; label++) {
    const content = Buffer.alloc(61);
    for (let index = 0; index < Math.min(30, count - 1 - label * 30); index++) {
      content.set(pointer(target), 1 + index * 2);
      target = offset + 2 + index * 2;
    }
    const isLast = label % 4 === 3 || label === labelCount - 1;
    names.push(Buffer.concat([Uint8Array.of(61), content, isLast ? Uint8Array.of(0, 0, 1, 0, 1) : Buffer.alloc(0)]));
    offset += 62 + (isLast ? 5 : 0);
  }
  const message = Buffer.concat([encodeMessage({}), ...names, pointer(target), Uint8Array.of(0, 1, 0, 1)]);
  message.writeUInt16BE(Math.ceil(labelCount / 4) + 1, 4);
  return message;
}

test("pointers, questions and addresses have a bound", () => {
  assert.equal(parseDnsMessage(chainOfPointers(128))?.questions.at(-1)?.name, ".");
  assert.equal(parseDnsMessage(chainOfPointers(129)), undefined);

  const question = ["a", TYPES.A] as const;
  const asking = parseDnsMessage(encodeMessage({ questions: new Array(100).fill(question) }));
  assert.deepEqual([asking?.questions.length, asking?.questionCount], [MAX_QUESTIONS, 100]);

  const answer = { name: ".", type: TYPES.A, data: [127, 0, 0, 1] };
  const answering = parseDnsMessage(encodeMessage({ flags: RESPONSE, answers: new Array(100).fill(answer) }));
  assert.deepEqual([answering?.answers, answering?.addresses.length], [{ A: 100 }, MAX_ADDRESSES]);
});

test("any bytes, and any message with bytes changed, end in an answer", () => {
  const message = encodeMessage({
    flags: RESPONSE,
    questions: [["www.example.com", TYPES.A]],
    answers: [
      { name: pointer(12), type: TYPES.CNAME, data: encodeName("b") },
      { name: pointer(16), type: TYPES.AAAA, data: loopback6 },
    ],
  });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(message.length - 1), fc.nat(255), (bytes, at, value) => {
      parseDnsMessage(bytes);
      const changed = Buffer.from(message);
      changed[at] = value;
      for (const { name } of parseDnsMessage(changed)?.questions ?? []) assert.match(name, /^[\x21-\x7e]+$/);
    }),
    { numRuns: 1_000 },
  );
});
