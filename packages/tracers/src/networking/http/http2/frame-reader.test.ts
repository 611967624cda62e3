import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FrameReader } from "./frame-reader.ts";
import { beginsWithFrame, FrameFlag, FrameType, PREFACE } from "./frames.ts";
import { encodeFrame, encodeReset, u32 } from "./testing/frames.ts";

const { endStream, endHeaders, padded, priority, ack } = FrameFlag;

/** A reader, and what it has told, one line each. */
function newReader(fromStart = true) {
  const told: string[] = [];
  const reader = new FrameReader(fromStart, {
    block: (streamId, promisedId, isEndOfStream, bytes, start, end, isWhole, startNs, endNs) => {
      const text = Buffer.from(bytes.subarray(start, end)).toString("latin1");
      const promise = promisedId === 0 ? "" : ` promises ${promisedId}`;
      told.push(
        `${streamId}${promise} ${text}${isWhole ? "" : " cut"}${isEndOfStream ? " end" : ""} ${startNs}-${endNs}`,
      );
    },
    data: (streamId, lengthBytes, isEndOfStream, endNs) =>
      told.push(`${streamId} data ${lengthBytes}${isEndOfStream ? " end" : ""} ${endNs}`),
    reset: (streamId) => told.push(`${streamId} reset`),
    goaway: (lastStreamId) => told.push(`goaway ${lastStreamId}`),
    setting: (id, value) => told.push(`setting ${id} ${value}`),
    framingLost: () => told.push("lost"),
    framesMissed: () => told.push("missed"),
    preface: () => told.push("preface"),
    skipUntil: (position) => told.push(`skip ${position}`),
    ignored: (lengthBytes) => told.push(`ignored ${lengthBytes}`),
  });
  return { reader, told };
}

const headers = (flags: number, payload: Uint8Array | string) => encodeFrame(FrameType.headers, flags, 5, payload);
const continuation = (flags: number, payload: string) => encodeFrame(FrameType.continuation, flags, 5, payload);
const data = (flags: number, payload: Uint8Array | string) => encodeFrame(FrameType.data, flags, 5, payload);
const ping = encodeFrame(FrameType.ping, 0, 0, "pingpong");
const bytesThenText = (bytes: readonly number[], text: string) =>
  Buffer.concat([Uint8Array.from(bytes), Buffer.from(text)]);

const conversations: readonly (readonly [what: string, frames: readonly Uint8Array[], told: readonly string[]])[] = [
  ["a header block", [headers(endHeaders, "block")], ["5 block 0-0"]],
  ["one that ends its stream", [headers(endHeaders | endStream, "block")], ["5 block end 0-0"]],
  ["an empty one", [headers(endHeaders, "")], ["5  0-0"]],
  ["one with padding", [headers(endHeaders | padded, bytesThenText([3], "block\0\0\0"))], ["5 block 0-0"]],
  ["one with a priority", [headers(endHeaders | priority, bytesThenText([0, 0, 0, 1, 9], "block"))], ["5 block 0-0"]],
  [
    "one with both",
    [headers(endHeaders | padded | priority, bytesThenText([2, 0, 0, 0, 1, 9], "block\0\0"))],
    ["5 block 0-0"],
  ],
  ["one in two frames", [headers(endStream, "blo"), continuation(endHeaders, "ck")], ["5 block end 0-0"]],
  [
    "one in four frames",
    [headers(0, ""), continuation(0, "b"), continuation(0, "l"), continuation(endHeaders, "ock")],
    ["5 block 0-0"],
  ],
  [
    "a padded one in two frames",
    [headers(padded, bytesThenText([1], "bl\0")), continuation(endHeaders, "ock")],
    ["5 block 0-0"],
  ],
  ["more padding than payload", [headers(endHeaders | padded, bytesThenText([9], "block"))], ["5  cut 0-0"]],
  ["no room for the priority", [headers(endHeaders | priority, "abc")], ["5  cut 0-0"]],
  [
    "a block that another frame interrupts",
    [headers(0, "blo"), ping, continuation(endHeaders, "ck")],
    ["5 blo cut 0-0"],
  ],
  [
    "a block that another one interrupts",
    [headers(0, "blo"), headers(endHeaders, "ck")],
    ["5 blo cut 0-0", "5 ck 0-0"],
  ],
  [
    "a promise",
    [encodeFrame(FrameType.pushPromise, endHeaders, 5, Buffer.concat([u32(8), Buffer.from("block")]))],
    ["5 promises 8 block 0-0"],
  ],
  [
    "a padded promise",
    [encodeFrame(FrameType.pushPromise, endHeaders | padded, 5, bytesThenText([1, 0, 0, 0, 8], "block\0"))],
    ["5 promises 8 block 0-0"],
  ],
  ["data", [data(0, "12345"), data(endStream, "")], ["5 data 5 0", "5 data 0 end 0"]],
  ["padded data", [data(padded | endStream, bytesThenText([3], "12\0\0\0"))], ["5 data 2 end 0"]],
  ["data with more padding than payload", [data(padded, bytesThenText([9], "12"))], ["5 data NaN 0"]],
  ["the end of a stream", [encodeReset(7)], ["7 reset"]],
  [
    "the end of a connection",
    [encodeFrame(FrameType.goaway, 0, 0, Buffer.concat([u32(9, 0), Buffer.from("why")]))],
    ["goaway 9"],
  ],
  [
    "settings",
    [
      encodeFrame(FrameType.settings, 0, 0, Uint8Array.of(0, 1, 0, 1, 0, 0, 0, 5, 255, 255, 255, 255)),
      encodeFrame(FrameType.settings, ack, 0),
    ],
    ["setting 1 65536", "setting 5 4294967295"],
  ],
  [
    "a preface",
    [PREFACE, encodeFrame(FrameType.settings, 0, 0), headers(endHeaders, "block")],
    ["preface", "5 block 0-0"],
  ],
  [
    "what is of no interest",
    [
      ping,
      encodeFrame(FrameType.windowUpdate, 0, 0, u32(1)),
      encodeFrame(FrameType.priority, 0, 5, Buffer.alloc(5)),
      encodeFrame(FrameType.altSvc, 0, 0, "\0\0h2"),
      encodeFrame(0xfa, 0xff, 77, "grease"),
      data(endStream, "1"),
    ],
    ["5 data 1 end 0"],
  ],
];
for (const [what, frames, expected] of conversations) {
  test(`${what}, at once and split anywhere`, () => {
    const bytes = Buffer.concat(frames);
    for (let cut = 0; cut <= bytes.length; cut++) {
      const { reader, told } = newReader();
      reader.bytes(0, bytes.subarray(0, cut), 0n, 0n);
      reader.bytes(cut, bytes.subarray(cut), 0n, 0n);
      assert.deepEqual(told, expected);
    }
    const { reader, told } = newReader();
    for (const [position, byte] of bytes.entries()) reader.bytes(position, Uint8Array.of(byte), 0n, 0n);
    assert.deepEqual(told, expected);
  });
}

const invalid: readonly (readonly [what: string, frame: Uint8Array])[] = [
  ["headers of no stream", encodeFrame(FrameType.headers, endHeaders, 0, "block")],
  ["data of no stream", encodeFrame(FrameType.data, 0, 0, "x")],
  ["a ping of 7 bytes", encodeFrame(FrameType.ping, 0, 0, "1234567")],
  ["settings of a stream", encodeFrame(FrameType.settings, 0, 1, "123456")],
  ["settings of 5 bytes", encodeFrame(FrameType.settings, 0, 0, "12345")],
  ["a reset of 5 bytes", encodeFrame(FrameType.rstStream, 0, 1, "12345")],
  ["a promise of 3 bytes", encodeFrame(FrameType.pushPromise, 0, 1, "123")],
  ["an end of 7 bytes", encodeFrame(FrameType.goaway, 0, 0, "1234567")],
  ["a window of 3 bytes", encodeFrame(FrameType.windowUpdate, 0, 0, "123")],
  ["a priority of 4 bytes", encodeFrame(FrameType.priority, 0, 1, "1234")],
  ["text", Buffer.from("HTTP/1.1 200 OK\r\n")],
];
for (const [what, frame] of invalid) {
  test(`${what} loses the framing until a call begins with a frame`, () => {
    const { reader, told } = newReader();
    reader.bytes(0, frame, 0n, 0n);
    assert.deepEqual(told, ["lost", "missed", `ignored ${frame.length - 9}`]);
    assert.equal(beginsWithFrame(frame, 1 << 14), false);
    reader.bytes(0, Buffer.from("what follows it"), 0n, 0n);
    reader.bytes(0, data(0, "12345"), 1n, 2n);
    assert.deepEqual(told.slice(3), ["ignored 15", "5 data 5 2"]);
  });
}

test("where the framing is lost, only what a sender would write is a frame", () => {
  assert.ok(beginsWithFrame(Buffer.concat([data(endStream, "12345"), headers(endHeaders, "block")]), 1 << 14));
  assert.ok(beginsWithFrame(Buffer.concat([data(0, "12345"), headers(endHeaders, "block").subarray(0, 5)]), 1 << 14));
  assert.ok(beginsWithFrame(data(0, "12345").subarray(0, 10), 1 << 14), "its end need not be there");
  const frames = [
    data(endHeaders, "12345"),
    encodeFrame(0xfa, 0, 5, "grease"),
    encodeFrame(FrameType.settings, ack, 0, "123456"),
    encodeFrame(FrameType.data, 0, 0x8000_0005, "12345"),
    data(0, Buffer.alloc(20_000)),
    Buffer.concat([data(0, "12345"), Buffer.from("no frame at all")]),
    data(0, "12345").subarray(0, 8),
  ];
  for (const frame of frames) assert.equal(beginsWithFrame(frame, 1 << 14), false);
  assert.ok(beginsWithFrame(data(0, Buffer.alloc(20_000)), 1 << 15), "frames of this size were allowed");
});

test("a frame begins with the call that has its first byte, and ends with the one that has its last", () => {
  const { reader, told } = newReader();
  const bytes = Buffer.concat([headers(0, "blo"), continuation(endHeaders, "ck"), data(0, "123")]);
  for (const [index, byte] of bytes.entries())
    reader.bytes(index, Uint8Array.of(byte), BigInt(index), BigInt(index + 100));
  assert.deepEqual(told, ["5 block 0-122", "5 data 3 134"]);
});

/** What is told of frames of which `gapBytes` at `gapStart` were not captured. */
function withGap(frames: readonly Uint8Array[], gapStart: number, gapBytes: number): string[] {
  const bytes = Buffer.concat(frames);
  const { reader, told } = newReader();
  reader.bytes(0, bytes.subarray(0, gapStart), 1n, 1n);
  reader.gap(gapBytes, 2n);
  reader.bytes(gapStart + gapBytes, bytes.subarray(gapStart + gapBytes), 3n, 3n);
  return told;
}

test("a gap costs what it hides", () => {
  const block = headers(endHeaders, "block");
  const body = data(endStream, "0123456789");
  assert.deepEqual(withGap([body, block], 12, 5), ["5 data 10 end 3", "5 block 3-3"], "in data");
  assert.deepEqual(withGap([body, block], 12, 7), ["5 data 10 end 2", "5 block 3-3"], "to the end of data");
  assert.deepEqual(withGap([body, block], 9, 10), ["5 data 10 end 2", "5 block 3-3"], "all of the data");
  assert.deepEqual(
    withGap([body, block], 12, 8),
    ["5 data 10 end 2", "lost", "missed", "ignored 13"],
    "into the next header",
  );
  assert.deepEqual(
    withGap([body, block, body], 12, 7 + 14),
    ["5 data 10 end 2", "lost", "missed", "5 data 10 end 3"],
    "a frame",
  );
  assert.deepEqual(withGap([body, block], 4, 3), ["lost", "missed", "ignored 26"], "in a header");
  assert.deepEqual(withGap([block, body], 11, 2), ["5 bl cut 1-3", "5 data 10 end 3"], "in a block");
  assert.deepEqual(withGap([block, body], 11, 3), ["5 bl cut 1-2", "5 data 10 end 3"], "to the end of a block");
  const inTwo = [headers(0, "blo"), continuation(endHeaders, "ck"), body];
  assert.deepEqual(withGap(inTwo, 10, 1), ["5 b cut 1-3", "5 data 10 end 3"], "in the first part of a block");
  assert.deepEqual(withGap(inTwo, 21, 1), ["5 blo cut 1-3", "5 data 10 end 3"], "in the second part");
  assert.deepEqual(withGap(inTwo, 11, 3), ["5 bl cut 1-undefined", "lost", "missed", "ignored 28"], "between");
  const paddedBody = data(padded, bytesThenText([3], "0123\0\0\0"));
  assert.deepEqual(withGap([paddedBody], 9, 2), ["5 data NaN 3"], "over the length of the padding");
  assert.deepEqual(withGap([paddedBody], 10, 7), ["5 data 4 2"], "behind it");
  const promise = encodeFrame(FrameType.pushPromise, endHeaders, 5, Buffer.concat([u32(8), Buffer.from("block")]));
  assert.deepEqual(withGap([promise], 11, 2), ["5 promises -1  cut 1-3"], "in a promise's stream");
  assert.deepEqual(withGap([PREFACE, block], 5, 10), ["preface", "5 block 3-3"], "in the preface");
  assert.deepEqual(withGap([PREFACE, block], 20, 10), ["preface", "lost", "missed", "ignored 8"], "over its end");
});

test("a gap at the beginning loses the framing", () => {
  const { reader, told } = newReader();
  reader.gap(3, 0n);
  reader.bytes(3, data(0, "1"), 1n, 1n);
  assert.deepEqual(told, ["lost", "missed", "5 data 1 1"]);
});

test("a stream that is joined late begins with the first call that has a frame at its beginning", () => {
  const { reader, told } = newReader(false);
  reader.gap(3, 0n);
  reader.bytes(3, Buffer.from("the end of a body"), 1n, 1n);
  reader.bytes(20, data(0, "1"), 1n, 1n);
  assert.deepEqual(told, ["missed", "ignored 17", "5 data 1 1"]);

  const late = newReader(false);
  late.reader.bytes(0, Buffer.concat([PREFACE, data(0, "1")]), 1n, 1n);
  assert.deepEqual(late.told, ["preface", "5 data 1 1"]);
});

test("large payloads may be skipped, and what is told to be skipped may come all the same", () => {
  const body = data(0, Buffer.alloc(16_000));
  const { reader, told } = newReader();
  reader.bytes(100, body.subarray(0, 1_000), 0n, 0n);
  reader.bytes(1_100, body.subarray(1_000, 1_500), 0n, 0n);
  assert.deepEqual(told, [`skip ${100 + body.length}`], "once");
  reader.gap(10_000, undefined);
  reader.bytes(0, body.subarray(11_500), 1n, 2n);
  assert.deepEqual(told.slice(1), ["5 data 16000 2"]);
  reader.bytes(0, body.subarray(0, 10_000), 0n, 0n);
  assert.deepEqual(told.slice(2), [], "for 6,009 bytes it is not worth it");
});

test("of data that has not ended, it is known how much went", () => {
  const { reader } = newReader();
  assert.equal(reader.openData, undefined);
  reader.bytes(0, data(0, Buffer.alloc(100)).subarray(0, 30), 0n, 0n);
  assert.deepEqual(reader.openData, { streamId: 5, lengthBytes: 21 });
  reader.gap(20, 0n);
  assert.deepEqual(reader.openData, { streamId: 5, lengthBytes: 41 });
});

test("a frame is as long as the other side allows", () => {
  const long = encodeFrame(FrameType.data, 0, 5, Buffer.alloc((1 << 20) + 1));
  const { reader, told } = newReader();
  reader.bytes(0, long, 0n, 0n);
  assert.equal(told[0], "lost");
  reader.allowFrameBytes(2 ** 32 - 1);
  reader.bytes(0, long, 1n, 1n);
  assert.equal(told.at(-1), `5 data ${(1 << 20) + 1} 1`);
});

test("a header block has a bound", () => {
  const { reader, told } = newReader();
  reader.bytes(0, headers(0, "a".repeat(16_000)), 0n, 0n);
  for (let count = 0; count < 100; count++) reader.bytes(0, continuation(0, "a".repeat(16_000)), 0n, 0n);
  reader.bytes(0, continuation(endHeaders, "b"), 0n, 0n);
  assert.equal(told.length, 1);
  assert.match(told[0] ?? "", /^5 a+ cut 0-0$/);
  assert.equal((told[0] ?? "").length, (1 << 16) + "5  cut 0-0".length);
});

test("any bytes and gaps end", () => {
  const frame = fc
    .tuple(fc.nat(11), fc.nat(255), fc.nat(3), fc.uint8Array({ maxLength: 20 }))
    .map(([type, flags, streamId, payload]) => encodeFrame(type, flags, streamId, payload));
  const piece = fc.oneof(frame, fc.uint8Array({ maxLength: 30 }), fc.nat(30));
  fc.assert(
    fc.property(fc.array(piece), fc.boolean(), (pieces, fromStart) => {
      const { reader } = newReader(fromStart);
      for (const one of pieces) {
        if (typeof one === "number") reader.gap(one, undefined);
        else reader.bytes(0, one, 0n, 0n);
      }
    }),
    { numRuns: 500 },
  );
});
