import assert from "node:assert/strict";
import { test } from "node:test";
import { HpackEncoder } from "../hpack/testing/hpack-encoder.ts";
import type { HttpExchange } from "../http-request.ts";
import { FrameFlag, FrameType, PREFACE } from "./frames.ts";
import { encodeFrame, encodeReset, u32 } from "./testing/frames.ts";
import { Http2Trace } from "./testing/http2-trace.ts";

const { endStream, endHeaders } = FrameFlag;
const SECOND = 1_000_000_000n;

type Fields = Readonly<Record<string, string>>;

const get: Fields = { ":method": "GET", ":scheme": "https", ":path": "/a?b=c", ":authority": "host:8443" };
const post: Fields = { ...get, ":method": "POST" };
const ok: Fields = { ":status": "200" };

/** Without entries in the table, so that it stands for itself. */
function block(fields: Fields): Buffer {
  const plain = Object.entries(fields).map(
    ([name, value]) => ({ name, value, representation: "plain", huffman: false }) as const,
  );
  return new HpackEncoder().encode(plain);
}

function headers(streamId: number, fields: Fields, flags = 0): Buffer {
  return encodeFrame(FrameType.headers, endHeaders | flags, streamId, block(fields));
}

function data(streamId: number, lengthBytes: number, flags = 0): Buffer {
  return encodeFrame(FrameType.data, flags, streamId, Buffer.alloc(lengthBytes));
}

function goaway(lastStreamId: number): Buffer {
  return encodeFrame(FrameType.goaway, 0, 0, u32(lastStreamId, 0));
}

function gistOf({ method, status, outcome, requestBytes, responseBytes, durationNs }: HttpExchange): string {
  return [method, status, outcome, requestBytes, responseBytes, durationNs].map((value) => value ?? "-").join(" ");
}

test("a request says all that it has", () => {
  const trace = new Http2Trace({ tls: true, keepQuery: true });
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  trace.received(PREFACE, headers(1, { ...post, "user-agent": "curl/8", traceparent, cookie: "secret" }));
  trace
    .received(data(1, 5), data(1, 2, endStream))
    .sent(headers(1, ok), data(1, 100, endStream))
    .close();
  assert.deepEqual(trace.exchanges, [
    {
      side: "server",
      protocol: "h2",
      method: "POST",
      path: "/a",
      query: "b=c",
      host: "host:8443",
      scheme: "https",
      status: 200,
      requestBytes: 7,
      responseBytes: 100,
      userAgent: "curl/8",
      traceparent,
      startNs: 10n,
      durationNs: 21,
      outcome: "complete",
      tls: true,
    },
  ]);
});

const grpc: Fields = { ...post, ":path": "/pkg.Service/Method", "content-type": "application/grpc" };

const grpcStatus0 = { ...ok, "grpc-status": "0" };
const grpcWeb = { ...grpc, "content-type": "application/grpc-web+proto" };

/** What an exchange of these has; an undefined field has to be absent. */
const fieldsOfRequests: readonly (readonly [
  what: string,
  request: Fields,
  response: Fields,
  expected: Partial<Record<keyof HttpExchange, unknown>>,
])[] = [
  ["a query", get, ok, { path: "/a", query: undefined }],
  ["a method that is none", { ...get, ":method": "G E T" }, ok, { method: undefined, path: "/a" }],
  ["Host for want of :authority", { ":method": "GET", ":path": "/", host: "h" }, ok, { host: "h", scheme: undefined }],
  ["a user in :authority", { ...get, ":authority": "user:secret@h" }, ok, { host: "h" }],
  ["a long user agent", { ...get, "user-agent": "x".repeat(300) }, ok, { userAgent: "x".repeat(256) }],
  ["a traceparent that is none", { ...get, traceparent: "00-1-2-3" }, ok, { traceparent: undefined }],
  ["a status that is none", get, { ":status": "0x1" }, { status: undefined, outcome: "complete" }],
  ["gRPC", grpc, ok, { protocol: "grpc", grpcMethod: "pkg.Service/Method", grpcStatus: undefined }],
  ["gRPC by its response", post, { ...ok, "content-type": "application/grpc+proto" }, { protocol: "grpc" }],
  ["gRPC by its status", post, grpcStatus0, { protocol: "grpc", grpcStatus: 0, grpcMethod: undefined }],
  ["Trailers-Only", grpc, { ...ok, "grpc-status": "12" }, { grpcStatus: 12, status: 200 }],
  ["a status of gRPC that is none", grpc, { ...ok, "grpc-status": "OK" }, { grpcStatus: undefined }],
  ["grpc-web", grpcWeb, ok, { protocol: "h2", grpcMethod: undefined }],
  ["a path that names no method", { ...grpc, ":path": "/a/b/c" }, ok, { protocol: "grpc", grpcMethod: undefined }],
];
for (const [what, request, response, expected] of fieldsOfRequests) {
  test(`a request with ${what}`, () => {
    const trace = new Http2Trace();
    trace.received(headers(1, request, endStream)).sent(headers(1, response, endStream));
    const [exchange] = trace.exchanges;
    assert.ok(exchange !== undefined && trace.addsUp);
    for (const [name, value] of Object.entries(expected)) {
      assert.equal(exchange[name as keyof HttpExchange], value);
      assert.equal(name in exchange, value !== undefined);
    }
  });
}

type Step = (trace: Http2Trace) => unknown;

const request: Step = (trace) => trace.received(headers(1, get, endStream));
const upload: Step = (trace) => trace.received(headers(1, post), data(1, 10));

/** What comes out as method, status, outcome, bytes each way and duration: a call takes 1 ns, 10 ns after the last one. */
const courses: readonly (readonly [what: string, steps: readonly Step[], gists: readonly string[]])[] = [
  ["headers alone", [request, (t) => t.sent(headers(1, ok, endStream))], ["GET 200 complete 0 0 11"]],
  [
    "informational responses",
    [
      request,
      (t) => t.sent(headers(1, { ":status": "103" }), headers(1, { ":status": "100" }), headers(1, ok, endStream)),
    ],
    ["GET 200 complete 0 0 11"],
  ],
  [
    "trailers of both sides",
    [
      upload,
      (t) => t.received(headers(1, { a: "b" }, endStream)),
      (t) => t.sent(headers(1, ok), data(1, 3), headers(1, { a: "b" }, endStream)),
    ],
    ["POST 200 complete 10 3 21"],
  ],
  [
    "several streams at once",
    [
      (t) => t.received(headers(1, get, endStream), headers(3, post, endStream)),
      (t) => t.sent(headers(3, { ":status": "500" }), headers(1, ok), data(3, 1, endStream), data(1, 2, endStream)),
    ],
    ["POST 500 complete 0 1 11", "GET 200 complete 0 2 11"],
  ],
  [
    "a response that ends before its request",
    [upload, (t) => t.sent(headers(1, ok, endStream)), (t) => t.received(data(1, 5, endStream))],
    ["POST 200 complete 15 0 11"],
  ],
  [
    "... whose rest the server refuses",
    [upload, (t) => t.sent(headers(1, { ":status": "413" }, endStream), encodeReset(1))],
    ["POST 413 complete 10 0 11"],
  ],
  [
    "... which never ends",
    [upload, (t) => t.sent(headers(1, ok, endStream)), (t) => t.wait(SECOND / 2n), (t) => t.wait(SECOND)],
    ["POST 200 complete 10 0 11"],
  ],
  ["a reset by the client", [request, (t) => t.received(encodeReset(1))], ["GET - aborted 0 0 11"]],
  [
    "a reset by the server in the middle",
    [
      upload,
      (t) => t.sent(headers(1, ok), data(1, 3), encodeReset(1)),
      (t) => t.sent(headers(1, { a: "b" }, endStream)),
    ],
    ["POST 200 aborted 10 3 11"],
  ],
  [
    "a server that goes away",
    [
      (t) => t.received(headers(1, get, endStream), headers(3, get, endStream)),
      (t) => t.sent(goaway(2 ** 31 - 1)),
      (t) => t.sent(goaway(1), headers(1, ok, endStream)),
    ],
    ["GET - aborted 0 0 21", "GET 200 complete 0 0 21"],
  ],
  ["a connection that ends", [request, (t) => t.close("closed")], ["GET - aborted 0 0 10"]],
  [
    "a connection that ends in a frame",
    [
      upload,
      (t) => t.received(data(1, 50).subarray(0, 29)),
      (t) => t.sent(headers(1, ok), data(1, 9).subarray(0, 13)),
      (t) => t.close("closed"),
    ],
    ["POST 200 aborted 30 4 30"],
  ],
  ["tracing that ends", [request, (t) => t.close("untraced")], ["GET - unanswered 0 0 -"]],
  [
    "tracing that ends when the response is there",
    [upload, (t) => t.sent(headers(1, ok, endStream)), (t) => t.close("untraced")],
    ["POST 200 complete 10 0 11"],
  ],
  [
    "CONNECT",
    [
      (t) => t.received(headers(1, { ":method": "CONNECT", ":authority": "h:1" }), data(1, 9)),
      (t) => t.sent(headers(1, ok)),
      (t) => t.received(data(1, 7, endStream)).sent(data(1, 8, endStream)),
    ],
    ["CONNECT 200 tunnelled 9 0 11"],
  ],
  [
    "CONNECT that is refused",
    [
      (t) => t.received(headers(1, { ":method": "CONNECT", ":authority": "h:1" }, endStream)),
      (t) => t.sent(headers(1, { ":status": "403" }, endStream)),
    ],
    ["CONNECT 403 complete 0 0 11"],
  ],
  [
    "a WebSocket",
    [
      (t) => t.received(headers(1, { ...get, ":method": "CONNECT", ":protocol": "websocket" })),
      (t) => t.sent(headers(1, ok)),
    ],
    ["CONNECT 200 upgraded 0 0 11"],
  ],
  [
    "a response that is pushed",
    [
      request,
      (t) =>
        t.sent(
          encodeFrame(FrameType.pushPromise, endHeaders, 1, Buffer.concat([u32(2), block({ ...get, ":path": "/b" })])),
        ),
      (t) => t.sent(headers(1, ok, endStream), headers(2, { ":status": "404" }), data(2, 4, endStream)),
    ],
    ["GET 200 complete 0 0 21", "GET 404 complete 0 4 11"],
  ],
  [
    "a response that is seen before its request",
    [(t) => t.sent(headers(1, ok), data(1, 3, endStream)), request, (t) => t.wait(2n * SECOND)],
    ["GET 200 complete 0 3 0"],
  ],
  [
    "the beginning of a response that is seen before its request",
    [
      (t) => t.sent(headers(1, ok)),
      upload,
      (t) => t.received(data(1, 1, endStream)),
      (t) => t.sent(data(1, 3, endStream)),
    ],
    ["POST 200 complete 11 3 21"],
  ],
  [
    "a tunnel that is granted before it is seen to be asked for",
    [(t) => t.sent(headers(1, ok)), (t) => t.received(headers(1, { ":method": "CONNECT", ":authority": "h" }))],
    ["CONNECT 200 tunnelled 0 0 1"],
  ],
  [
    "a gap in a request's body",
    [
      upload,
      (t) => t.received(data(1, 100, endStream).subarray(0, 20)).gap("received", 89),
      (t) => t.sent(headers(1, ok, endStream)),
    ],
    ["POST 200 complete 110 0 31"],
  ],
  [
    "a gap from a response's body into other frames",
    [
      request,
      (t) => t.sent(headers(1, ok), data(1, 100).subarray(0, 50)).gap("sent", 200),
      (t) => t.sent(headers(1, { a: "b" }, endStream)),
    ],
    ["GET 200 complete 0 - 31"],
  ],
  [
    "a gap that may hide a response's end",
    [request, (t) => t.sent(headers(1, ok)).gap("sent", 200), (t) => t.wait(29n * SECOND), (t) => t.wait(2n * SECOND)],
    ["GET 200 complete 0 - -"],
  ],
  [
    "a gap that may hide a response",
    [request, (t) => t.gap("sent", 200), (t) => t.wait(31n * SECOND), (t) => t.sent(headers(1, { a: "b" }, endStream))],
    ["GET - unanswered 0 - -"],
  ],
  [
    "a gap before more of the response comes",
    [
      request,
      (t) => t.sent(headers(1, ok)).gap("sent", 99),
      (t) => t.sent(data(1, 1)),
      (t) => t.wait(31n * SECOND),
      (t) => t.sent(data(1, 1, endStream)),
    ],
    ["GET 200 complete 0 - 31000000041"],
  ],
  [
    "a gap that may hide a request's end",
    [upload, (t) => t.gap("received", 200), (t) => t.sent(headers(1, ok, endStream))],
    ["POST 200 complete - 0 21"],
  ],
  [
    "such a gap after the response's end",
    [upload, (t) => t.sent(headers(1, ok, endStream)), (t) => t.gap("received", 200)],
    ["POST 200 complete - 0 11"],
  ],
  [
    "a response of which parts were missed before its request came",
    [
      (t) => t.gap("sent", 200),
      request,
      (t) => t.sent(Buffer.from("no frame")).gap("sent", 99),
      (t) => t.sent(data(1, 9), headers(1, { a: "b" }, endStream)),
    ],
    ["GET - complete 0 - 31"],
  ],
  [
    "a response that is missed where frames were missed before its request came",
    [(t) => t.gap("sent", 200), request, (t) => t.wait(31n * SECOND)],
    ["GET - unanswered 0 - -"],
  ],
  [
    "a gap in a request's headers",
    [
      (t) => t.received(headers(1, post, endStream).subarray(0, 9 + 6)).gap("received", headers(1, post).length - 15),
      (t) => t.sent(headers(1, ok, endStream)),
    ],
    ["POST 200 complete 0 0 21"],
  ],
  [
    "headers that are malformed",
    [
      (t) => t.received(encodeFrame(FrameType.headers, endHeaders | endStream, 1, Buffer.from("\xff\xff", "latin1"))),
      (t) => t.sent(headers(1, ok, endStream)),
    ],
    ["- 200 complete 0 0 11"],
  ],
];
for (const [what, steps, gists] of courses) {
  test(`the course of ${what}`, () => {
    const trace = new Http2Trace();
    for (const step of steps) step(trace);
    assert.deepEqual(trace.exchanges.map(gistOf), gists);
    trace.close();
    assert.ok(trace.addsUp);
    assert.equal(trace.connection.streamCount, 0);
  });
}

test("a first block of an unknown request that does not end the stream is a request, one that does is trailers", () => {
  const trace = new Http2Trace({ joinedLate: true });
  // Both ask for the same entry from before we joined.
  trace.received(encodeFrame(FrameType.headers, endHeaders | endStream, 3, Uint8Array.of(0xbe)));
  trace.received(encodeFrame(FrameType.headers, endHeaders, 5, Uint8Array.of(0xbe)));
  trace
    .received(data(5, 4, endStream))
    .sent(headers(5, ok, endStream))
    .close();
  assert.deepEqual(trace.exchanges.map(gistOf), ["- 200 complete 4 0 21"]);
  assert.equal(trace.counts.seen, 1);
});

test("a block that says nothing is no trailers once a request with a lower number has begun", () => {
  const unknown = encodeFrame(FrameType.headers, endHeaders | endStream, 7, Uint8Array.of(0xbe));
  for (const [isFirst, seen] of [
    [true, 0],
    [false, 2],
  ] as const) {
    const trace = new Http2Trace({ joinedLate: true });
    if (!isFirst) trace.received(headers(5, get, endStream));
    assert.equal(trace.received(unknown).counts.seen, seen);
    trace.received(encodeFrame(FrameType.headers, endHeaders | endStream, 9, block({ a: "b" })));
    assert.equal(trace.counts.seen, seen, "these are trailers, or no request that a server would take");
    trace.gap("received", 1).received(encodeFrame(FrameType.headers, endHeaders | endStream, 11, Uint8Array.of(0xbe)));
    assert.equal(trace.counts.seen, seen, "these may be of a request that was missed");
  }
});

test("responses to requests from before we joined are counted, once each", () => {
  const trace = new Http2Trace({ joinedLate: true });
  trace.sent(headers(1, ok), data(1, 5), headers(1, { a: "b" }, endStream));
  trace.sent(headers(3, { ":status": "103" }), headers(3, { ":status": "404" }, endStream));
  trace.wait(SECOND);
  assert.equal(trace.counts.trouble.unpairedResponses, 2);
  trace.received(headers(9, get, endStream)).sent(headers(5, ok), data(5, 1, endStream), headers(9, ok, endStream));
  assert.equal(trace.counts.trouble.unpairedResponses, 3);
  trace.close();
  assert.equal(trace.counts.trouble.unpairedResponses, 3);
  assert.ok(trace.addsUp);
});

test("a preface is the beginning, though the connection was said to be joined late", () => {
  const encoder = new HpackEncoder();
  const inserted = { name: ":path", value: "/b", representation: "inserted", huffman: true } as const;
  const first = encoder.encode([inserted]);
  const trace = new Http2Trace({ joinedLate: true });
  trace.received(PREFACE, encodeFrame(FrameType.headers, endHeaders | endStream, 1, first));
  // 63 was never inserted, so it can't be an old entry.
  trace.received(encodeFrame(FrameType.headers, endHeaders, 3, Uint8Array.of(0xbf)));
  assert.equal(trace.counts.trouble.malformedHeads, 1);
  assert.equal(trace.counts.trouble.headerTablesLost, 1);
});

test("a table that is lost is counted, by a gap and by a block that is cut, and not for each block after it", () => {
  const trace = new Http2Trace();
  const lost = (): number => trace.counts.trouble.headerTablesLost;
  trace.received(PREFACE, headers(1, get, endStream)).sent(headers(1, ok, endStream));
  assert.equal(lost(), 0);
  trace.gap("received", 100).gap("received", 100);
  assert.equal(lost(), 1);
  trace.received(headers(5, get, endStream)).sent(headers(5, ok, endStream));
  assert.equal(lost(), 1);
  trace.sent(headers(7, ok).subarray(0, 9)).gap("sent", headers(7, ok).length - 9);
  assert.equal(lost(), 2);
  // Within the payload of a body nothing of the table is lost.
  trace.sent(data(7, 50).subarray(0, 20)).gap("sent", data(7, 50).length - 20);
  assert.equal(lost(), 2);
});

test("SETTINGS of one side apply to the other one", () => {
  const limit = Buffer.concat([Uint8Array.of(0x3f), Uint8Array.of(0xe1, 0xff, 0x07), block(get)]);
  for (const isAllowed of [true, false]) {
    const trace = new Http2Trace();
    const settings = encodeFrame(FrameType.settings, 0, 0, Uint8Array.of(0, 1, 0, 2, 0, 0, 0, 5, 0, 32, 0, 0));
    if (isAllowed) trace.sent(settings);
    trace.received(encodeFrame(FrameType.headers, endHeaders | endStream, 1, limit));
    assert.equal(trace.counts.trouble.malformedHeads, isAllowed ? 0 : 1);
    trace.received(headers(3, post), data(3, 1_500_000, endStream)).close();
    assert.equal(trace.counts.trouble.framingLost, isAllowed ? 0 : 1);
  }
});

test("more streams than are kept cost the oldest", () => {
  const trace = new Http2Trace();
  for (let index = 0; index < 5_000; index++) trace.received(headers(index * 2 + 1, post));
  assert.equal(trace.connection.streamCount, 4_096);
  assert.equal(trace.counts.lost.underWayLimit, 904);
  trace.close();
  assert.ok(trace.addsUp);
});

test("what may be skipped is told by direction", () => {
  const trace = new Http2Trace();
  const body = data(1, 16_384, endStream);
  trace.received(headers(1, post, 0)).received(body.subarray(0, 1_000));
  trace.sent(headers(1, ok), data(1, 16_000).subarray(0, 500));
  assert.deepEqual(trace.skips, [
    { direction: "received", position: headers(1, post, 0).length + body.length },
    { direction: "sent", position: headers(1, ok).length + 9 + 16_000 },
  ]);
});

test("many resets are remembered up to a bound", () => {
  const trace = new Http2Trace();
  for (let id = 1; id < 601; id += 2) trace.received(headers(id, get, endStream), encodeReset(id));
  trace.sent(headers(1, ok, endStream), headers(599, ok, endStream));
  assert.equal(trace.counts.trouble.unpairedResponses, 1, "the first one is forgotten, the last one is not");
});
