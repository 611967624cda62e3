import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { DnsStream } from "./dns-stream.ts";
import { encodeMessage, TYPES, withLength } from "./testing/dns-encoder.ts";

function message(name: string, id = 1): Buffer {
  return encodeMessage({ id, questions: [[name, TYPES.A]] });
}

/** A stream, and the messages that it has found. */
function newStream() {
  const messages: { hex: string; startNs: bigint; endNs: bigint }[] = [];
  const stream = new DnsStream((bytes, startNs, endNs) => {
    messages.push({ hex: Buffer.from(bytes).toString("hex"), startNs, endNs });
  });
  return { stream, messages };
}

test("messages come out whole, split anywhere", () => {
  const names = ["a", "www.example.com", "b.c", `${"x".repeat(60)}.${"y".repeat(60)}`];
  const sent = names.map((name, index) => message(name, index));
  const bytes = Buffer.concat(sent.map(withLength));
  fc.assert(
    fc.property(fc.array(fc.nat(bytes.length), { maxLength: 20 }), (cuts) => {
      const { stream, messages } = newStream();
      const ends = [...cuts, bytes.length].sort((a, b) => a - b);
      let start = 0;
      for (const end of ends) {
        stream.bytes(bytes.subarray(start, end), 0n, 0n);
        start = end;
      }
      assert.deepEqual(
        messages.map(({ hex }) => hex),
        sent.map((one) => one.toString("hex")),
      );
      assert.equal(stream.framingLostCount, 0);
    }),
  );
});

test("a message begins with the call that had its length, and ends with the one that had its end", () => {
  const { stream, messages } = newStream();
  const bytes = withLength(message("a"));
  stream.bytes(bytes.subarray(0, 1), 1n, 2n);
  stream.bytes(bytes.subarray(1, 9), 3n, 4n);
  stream.bytes(Buffer.concat([bytes.subarray(9), bytes]), 5n, 6n);
  assert.deepEqual(
    messages.map(({ startNs, endNs }) => [startNs, endNs]),
    [
      [1n, 6n],
      [5n, 6n],
    ],
  );
});

test("a message that was not captured to its end comes out cut, and the next one whole", () => {
  const { stream, messages } = newStream();
  const bytes = withLength(message("www.example.com"));
  stream.bytes(bytes.subarray(0, 20), 1n, 1n);
  stream.gap(5, 2n);
  stream.bytes(bytes.subarray(25, 30), 3n, 3n);
  stream.gap(bytes.length - 30, 4n);
  stream.bytes(bytes, 5n, 5n);
  assert.deepEqual(messages, [
    { hex: bytes.toString("hex", 2, 20), startNs: 1n, endNs: 4n },
    { hex: bytes.toString("hex", 2), startNs: 5n, endNs: 5n },
  ]);
  assert.equal(stream.framingLostCount, 0);
});

test("a gap over the beginning of a message loses it, and the next piece that can be one goes on", () => {
  const { stream, messages } = newStream();
  const bytes = withLength(message("a"));
  stream.bytes(bytes.subarray(0, 10), 1n, 1n);
  stream.gap(bytes.length, 2n);
  assert.equal(messages.length, 1, "what began is handed over");
  stream.bytes(Buffer.from("no message"), 3n, 3n);
  stream.bytes(Buffer.from([0, 3, 1, 2, 3]), 3n, 3n);
  stream.gap(9, 3n);
  stream.bytes(bytes, 4n, 4n);
  stream.gap(3, 4n);
  stream.bytes(bytes, 5n, 5n);
  assert.deepEqual(
    messages.map(({ startNs }) => startNs),
    [1n, 4n, 5n],
  );
  assert.equal(stream.framingLostCount, 2);
});

test("a length that no message has loses the framing", () => {
  const { stream, messages } = newStream();
  const bytes = withLength(message("a"));
  stream.bytes(Buffer.concat([bytes, Buffer.from([0, 5, 1, 2, 3, 4, 5])]), 1n, 1n);
  stream.bytes(bytes, 2n, 2n);
  assert.deepEqual([messages.length, stream.framingLostCount], [2, 1]);
});

test("any bytes and gaps end", () => {
  const piece = fc.oneof(fc.uint8Array({ maxLength: 60 }), fc.nat(70_000));
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const { stream } = newStream();
      for (const one of pieces) {
        if (typeof one === "number") stream.gap(one, 0n);
        else stream.bytes(one, 0n, 0n);
      }
    }),
  );
});
