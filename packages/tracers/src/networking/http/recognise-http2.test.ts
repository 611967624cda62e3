import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { recogniseHttp2 } from "./recognise-http2.ts";

const [DATA, HEADERS, RST_STREAM, SETTINGS, PING, WINDOW_UPDATE] = [0, 1, 3, 4, 6, 8];

function frame(
  type: number,
  flags: number,
  stream: number,
  payload: readonly number[],
  lengthBytes = payload.length,
): number[] {
  return [
    lengthBytes >> 16,
    (lengthBytes >> 8) & 0xff,
    lengthBytes & 0xff,
    type,
    flags,
    0,
    0,
    stream >> 8,
    stream & 0xff,
    ...payload,
  ];
}

const request = frame(HEADERS, 0x5, 1, [0x82, 0x84, 0x86]);
const response = frame(HEADERS, 0x4, 1, [0x88]);

test("frames tell who sends them by the pseudo-headers of HEADERS", () => {
  for (const [what, bytes, sender] of [
    ["a request", request, "client"],
    ["a response", response, "server"],
    ["a status that is no entry of the table", frame(HEADERS, 0x4, 1, [0x48, 0x82, 0x64]), "server"],
    ["an authority first", frame(HEADERS, 0x4, 1, [0x41, 0x01, 0x61]), "client"],
    ["an authority of the dynamic table first", frame(HEADERS, 0x5, 1, [0xbe, 0x83, 0x86]), "client"],
    ["one whose index takes two bytes", frame(HEADERS, 0x5, 1, [0xff, 0x10, 0x83]), "client"],
    [
      "behind names of the dynamic table, and one of its own",
      frame(HEADERS, 0x4, 1, [0x7e, 1, 97, 0x40, 1, 97, 1, 98, 0x88]),
      "server",
    ],
    ["padding and priority", frame(HEADERS, 0x2c, 3, [0, 0, 0, 0, 0, 16, 0x82]), "client"],
    ["behind a change of the table's size", frame(HEADERS, 0x4, 3, [0x3f, 0xe1, 0x1f, 0x82]), "client"],
    [
      "behind other frames",
      [...frame(PING, 0, 0, [1, 2, 3, 4, 5, 6, 7, 8]), ...frame(WINDOW_UPDATE, 0, 5, [0, 0, 0, 1]), ...request],
      "client",
    ],
    ["before a cut one", [...response, ...frame(DATA, 0, 1, [1, 2], 5000)], "server"],
    ["before a cut header", [...response, 0, 0, 1], "server"],
  ] as const) {
    assert.deepEqual(recogniseHttp2(Uint8Array.from(bytes)), { kind: "h2", sender }, what);
  }
});

test("what is no run of frames, or doesn't tell who sends it, is not taken for one", () => {
  for (const [what, bytes] of [
    ["nothing", []],
    ["a text", [...Buffer.from("GET / HTTP/1.1\r\nHost: a\r\n\r\n")]],
    ["settings alone", frame(SETTINGS, 0, 0, [0, 3, 0, 0, 0, 100])],
    ["trailers that are in the table", frame(HEADERS, 0x5, 1, [0xbe])],
    ["pseudo-headers behind the end of the block", [...frame(HEADERS, 0x5, 1, [0xbe]), ...frame(DATA, 0, 1, [0x82])]],
    ["a value that ends behind the block", frame(HEADERS, 0x5, 1, [0x7e, 0x7f, 0xff, 0xff, 0xff, 0xff, 0x82])],
    ["an even stream", frame(HEADERS, 0x5, 2, [0x82])],
    ["no stream", frame(HEADERS, 0x5, 0, [0x82])],
    ["flags that there are not", frame(HEADERS, 0x52, 1, [0x82])],
    ["a reserved bit", frame(HEADERS, 0x5, 1, [0x82]).with(5, 0x80)],
    ["a frame that is too long", frame(HEADERS, 0x5, 1, [0x82], 20_000)],
    ["a reset of the wrong length", [...request, ...frame(RST_STREAM, 0, 1, [0, 0, 0])]],
    ["a type that there is not", [...request, ...frame(0x20, 0, 1, [])]],
  ] as const) {
    assert.equal(recogniseHttp2(Uint8Array.from(bytes)), undefined, what);
  }
});

test("random bytes are no frames", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 30, maxLength: 100 }), (bytes) => recogniseHttp2(bytes) === undefined),
  );
});
