import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import type { Segment } from "./segment.ts";
import { client, cut, type Sent, segmentsOf, server, trace, traceOf } from "./testing/conversation.ts";

interface Message {
  readonly text: string;
}

const body = fc.constantFrom(
  "",
  "x",
  "GET / HTTP/1.1\r\n\r\n",
  "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
  "\r\n".repeat(40),
);

function framed(head: string, text: string, isChunked: boolean): Message {
  if (!isChunked) return { text: `${head}Content-Length: ${text.length}\r\n\r\n${text}` };
  const middle = text.length >> 1;
  const chunks = [text.slice(0, middle), text.slice(middle)].filter((chunk) => chunk.length > 0);
  const data = chunks.map((chunk) => `${chunk.length.toString(16)};a=b\r\n${chunk}\r\n`).join("");
  return { text: `${head}Transfer-Encoding: chunked\r\n\r\n${data}0\r\nTrailer: a\r\n\r\n` };
}

const exchange = fc
  .record({
    method: fc.constantFrom("GET", "POST", "HEAD", "BREW"),
    status: fc.constantFrom(200, 204, 304, 404, 500),
    sent: body,
    received: body,
    isChunked: fc.boolean(),
    hasInterim: fc.boolean(),
  })
  .map(({ method, status, sent, received, isChunked, hasInterim }) => {
    const isBodiless = method === "HEAD" || status === 204 || status === 304;
    const response = framed(`HTTP/1.1 ${status} Some\r\nServer: a\r\n`, received, isChunked);
    const text = isBodiless ? response.text.slice(0, response.text.indexOf("\r\n\r\n") + 4) : response.text;
    return {
      request: framed(`${method} /${status}?q HTTP/1.1\r\nHost: a.example\r\nUser-Agent: tester\r\n`, sent, isChunked)
        .text,
      response: (hasInterim ? "HTTP/1.1 103 Early Hints\r\n\r\n" : "") + text,
    };
  });

/** Requests that are sent ahead in groups, and their responses. */
const conversation = fc
  .array(fc.array(exchange, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 4 })
  .map((groups): Sent[] =>
    groups.flatMap((group) => [
      client(group.map(({ request }) => request).join("")),
      server(group.map(({ response }) => response).join("")),
    ]),
  );

const cuts = fc.uniqueArray(fc.nat(1500), { maxLength: 40 });
const side = fc.constantFrom("server" as const, "client" as const);

/** Moves segments by a few places, among those of their direction and behind the first one. */
function shuffled(segments: readonly Segment[], shifts: readonly number[]): Segment[] {
  const byDirection = { sent: order("sent"), received: order("received") };
  return segments.map(({ direction }) => byDirection[direction].shift()).filter((segment) => segment !== undefined);

  function order(direction: Segment["direction"]): Segment[] {
    const [first, ...rest] = segments.filter((segment) => segment.direction === direction);
    const keyed = rest.map((segment, index) => ({ segment, key: index + (shifts[index % shifts.length] ?? 0) }));
    keyed.sort((one, other) => one.key - other.key);
    return [...(first === undefined ? [] : [first]), ...keyed.map(({ segment }) => segment)];
  }
}

test("however a conversation is cut and ordered, its requests are the same", () => {
  fc.assert(
    fc.property(
      conversation,
      side,
      cuts,
      cuts,
      fc.array(fc.nat(5), { maxLength: 10 }),
      (said, onSide, sent, received, shifts) => {
        const whole = segmentsOf(said, onSide);
        const pieces = whole.flatMap((segment) => cut(segment, segment.direction === "sent" ? sent : received));
        const expected = trace(whole);
        const { requests, counts } = trace(shuffled(pieces, shifts));
        assert.deepEqual(requests, expected.requests);
        assert.deepEqual([counts.seen, counts.delivered], [expected.counts.seen, expected.counts.seen]);
      },
    ),
    { numRuns: 150 },
  );
});

test("cut at each byte, a conversation is the same", () => {
  const said = [
    client(
      "POST /a?b HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n5;x\r\nhello\r\n0\r\nT: x\r\n\r\nGET /c HTTP/1.1\r\n\r\n",
    ),
    server(
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcHTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
    ),
  ];
  const whole = segmentsOf(said);
  const expected = trace(whole).requests;
  assert.equal(expected.length, 2);
  for (let at = 1; at < 150; at++) {
    assert.deepEqual(trace(whole.flatMap((segment) => cut(segment, [at]))).requests, expected);
  }
  const bytes = whole.flatMap((segment) =>
    cut(
      segment,
      Array.from({ length: segment.lengthBytes }, (_, at) => at),
    ),
  );
  assert.deepEqual(trace(bytes).requests, expected);
});

const mutation = fc.record({
  at: fc.nat(),
  kind: fc.constantFrom("change", "insert", "remove", "uncaptured", "lose", "late", "repeat"),
  byte: fc.oneof(fc.constantFrom(0, 9, 10, 13, 32, 48, 58), fc.nat(255)),
});

/** The segments after mishaps to their bytes, their order and their times. */
function mutated(
  segments: readonly Segment[],
  mutations: readonly { at: number; kind: string; byte: number }[],
): Segment[] {
  const result = segments.map((segment) => ({ ...segment, data: segment.data.slice() }));
  for (const { at, kind, byte } of mutations) {
    const index = at % result.length;
    const segment = result[index];
    if (segment === undefined) break;
    const offset = at % Math.max(1, segment.data.length);
    const { data } = segment;
    if (kind === "change") data[offset] = byte;
    else if (kind === "insert")
      segment.data = Buffer.concat([data.subarray(0, offset), Uint8Array.of(byte), data.subarray(offset)]);
    else if (kind === "remove") segment.data = data.subarray(offset);
    else if (kind === "uncaptured") segment.lengthBytes += byte * byte;
    else if (kind === "late") segment.endNs += BigInt(byte) * 10_000_000n;
    else if (kind === "repeat") result.splice(index, 0, segment);
    else if (result.length > 1) result.splice(index, 1);
  }
  return result;
}

test("whatever happens to the bytes, nothing is thrown and seen = delivered + lost", () => {
  fc.assert(
    fc.property(
      conversation,
      side,
      cuts,
      fc.array(mutation, { minLength: 1, maxLength: 12 }),
      fc.boolean(),
      (said, onSide, at, mutations, joinedLate) => {
        const pieces = segmentsOf(said, onSide).flatMap((segment) => cut(segment, at));
        const { requests, counts } = trace(mutated(pieces, mutations), { joinedLate });
        assert.equal(counts.delivered, requests.length);
        assert.equal(counts.underWay, 0);
        for (const { startNs, durationNs = 0, status = 100 } of requests)
          assert.ok(startNs > 0n && durationNs >= 0 && status >= 100);
      },
    ),
    { numRuns: 400 },
  );
});

test("a request and a response that were lost give no other request a wrong status", () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 12 }), side, fc.tuple(fc.nat(12), fc.nat(12)), (count, onSide, lost) => {
      // One after the other, with a status and a path that are the same number.
      const said = Array.from({ length: count }, (_, index) => [
        client(`GET /${400 + index} HTTP/1.1\r\nHost: a\r\n\r\n`),
        server(`HTTP/1.1 ${400 + index} Some\r\nContent-Length: 2\r\n\r\nok`),
      ]).flat();
      const segments = segmentsOf(said, onSide).filter(
        (_, index) => index !== 2 * lost[0] && index !== 2 * lost[1] + 1,
      );
      const { requests, counts } = trace(segments);
      for (const { path, status } of requests)
        assert.ok(status === undefined || path === `/${status}`, `${path}: ${status}`);
      assert.equal(counts.underWay, 0);
      assert.equal(requests.length, counts.seen);
    }),
    { numRuns: 200 },
  );
});

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

function usedBytes(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** How much more is used than before, once what is not in use has been freed, which takes a few turns. */
async function grownBytes(beforeBytes: number): Promise<number> {
  for (let turn = 0; turn < 100 && usedBytes() - beforeBytes >= MAX_GROWN_BYTES; turn++) {
    collectGarbage();
    await setImmediate();
  }
  return usedBytes() - beforeBytes;
}

const MAX_GROWN_BYTES = 2_000_000;

test("no stream of bytes makes memory grow", async () => {
  for (const [what, piece] of [
    ["one line without an end", "GET /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"],
    ["headers without an end", "X-Header: something that goes on and on\r\n"],
    ["chunks of one byte", "1\r\nx\r\n"],
    ["requests without responses", "GET /a HTTP/1.1\r\nHost: a\r\n\r\n"],
    ["responses without requests", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"],
    ["requests that ask to leave", "CONNECT a:1 HTTP/1.1\r\n\r\n"],
    ["empty lines", "\r\n\r\n\r\n"],
    ["interim responses", "HTTP/1.1 103 Early Hints\r\n\r\n"],
  ] as const) {
    const data = Buffer.from(piece.repeat(Math.ceil(10_000 / piece.length)));
    for (const direction of ["sent", "received"] as const) {
      const head =
        direction === "received" ? "PUT /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" : "GET /a HTTP/1.1\r\n\r\n";
      for (const hole of [0, 100]) {
        const { stream, requests } = traceOf();
        for (const segment of segmentsOf([client(head)])) stream.add(segment);
        collectGarbage();
        const beforeBytes = usedBytes();
        let position = hole + (direction === "received" ? head.length : 0);
        for (let index = 0; index < 400; index++) {
          const startNs = BigInt(index) * 300_000n;
          stream.add({ direction, position, lengthBytes: data.length, data, startNs, endNs: startNs });
          position += data.length;
          requests.length = 0;
        }
        const grown = await grownBytes(beforeBytes);
        assert.ok(grown < MAX_GROWN_BYTES, `${what}, ${direction}, behind ${hole} bytes: ${grown} bytes more`);
      }
    }
  }
});
