import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Segment } from "./segment.ts";
import { StreamAssembler } from "./stream-assembler.ts";

const MS = 1_000_000n;

/** Bytes of the stream are their positions, so that each shows where it belongs. */
function segment(position: number, lengthBytes: number, capturedBytes: number = lengthBytes, atMs = 0): Segment {
  const data = Uint8Array.from({ length: capturedBytes }, (_, index) => position + index);
  return { direction: "sent", position, lengthBytes, data, startNs: BigInt(atMs) * MS, endNs: BigInt(atMs) * MS };
}

class Log {
  readonly lines: string[] = [];
  repeatedBytes = 0;
  readonly assembler: StreamAssembler;
  #next: number | undefined;

  constructor(fromStart = false) {
    this.assembler = new StreamAssembler(
      {
        bytes: (position, data) => {
          this.#goesOn(position, data.length);
          assert.deepEqual(
            [...data],
            [...data].map((_, index) => (position + index) & 0xff),
          );
          this.lines.push(`${position}+${data.length}`);
        },
        gap: (position, lengthBytes, atNs, expected) => {
          this.#goesOn(position, lengthBytes);
          this.lines.push(
            `gap ${position}+${lengthBytes}${atNs === undefined ? "" : ` at ${atNs / MS}`}${expected ? " expected" : ""}`,
          );
        },
        repeated: (lengthBytes) => {
          this.repeatedBytes += lengthBytes;
        },
      },
      fromStart,
    );
  }

  #goesOn(position: number, lengthBytes: number): void {
    assert.ok(lengthBytes > 0);
    assert.equal(position, this.#next ?? position);
    this.#next = position + lengthBytes;
  }
}

test("segments are put in order, and what is missing becomes a gap", () => {
  for (const [what, segments, lines] of [
    ["in order", [segment(5, 2), segment(7, 1)], ["5+2", "7+1"]],
    ["in another order", [segment(0, 2), segment(5, 2), segment(2, 3)], ["0+2", "2+3", "5+2"]],
    ["several held", [segment(0, 1), segment(3, 1), segment(2, 1), segment(1, 1)], ["0+1", "1+1", "2+1", "3+1"]],
    ["never there", [segment(0, 1), segment(3, 1)], ["0+1", "gap 1+2", "3+1"]],
    ["cut", [segment(0, 10, 4, 7), segment(10, 1)], ["0+4", "gap 4+6 at 7", "10+1"]],
    ["nothing captured", [segment(0, 10, 0, 7), segment(10, 1)], ["gap 0+10 at 7", "10+1"]],
    ["overlapping", [segment(0, 4), segment(2, 4)], ["0+4", "4+2"]],
    ["overlapping what is not captured", [segment(0, 4), segment(2, 4, 1, 7)], ["0+4", "gap 4+2 at 7"]],
    ["repeated", [segment(0, 4), segment(0, 4), segment(1, 2)], ["0+4"]],
    ["empty", [segment(0, 0), segment(0, 1)], ["0+1"]],
    ["more data than length", [{ ...segment(0, 4), lengthBytes: 2 }, segment(2, 1)], ["0+2", "2+1"]],
  ] as const) {
    const log = new Log();
    for (const one of segments) log.assembler.add(one);
    log.assembler.flush();
    assert.deepEqual(log.lines, lines, what);
  }
});

test("a stream that is whole begins at 0", () => {
  const log = new Log(true);
  log.assembler.add(segment(3, 1));
  assert.deepEqual([log.lines, log.assembler.holds], [[], true]);
  log.assembler.add(segment(0, 3));
  assert.deepEqual([log.lines, log.assembler.holds], [["0+3", "3+1"], false]);
});

test("what is held for longer than 200 ms is not held any longer", () => {
  const log = new Log();
  log.assembler.add(segment(0, 1));
  log.assembler.add(segment(5, 1, 1, 100));
  log.assembler.add(segment(9, 1, 1, 150));
  log.assembler.tick(300n * MS);
  assert.deepEqual(log.lines, ["0+1"]);
  log.assembler.tick(301n * MS);
  assert.deepEqual(log.lines, ["0+1", "gap 1+4", "5+1"]);
  log.assembler.tick(400n * MS);
  assert.deepEqual(log.lines.slice(3), ["gap 6+3", "9+1"]);
});

test("no more is held than 64 KiB and 64 segments", () => {
  const log = new Log();
  log.assembler.add(segment(0, 1));
  log.assembler.add(segment(10, 40_000));
  log.assembler.add(segment(50_020, 40_000));
  assert.deepEqual(log.lines, ["0+1", "gap 1+9", "10+40000"]);
  const many = new Log();
  many.assembler.add(segment(0, 1));
  for (let index = 0; index <= 64; index++) many.assembler.add(segment(10 + 2 * index, 1));
  assert.deepEqual(many.lines, ["0+1", "gap 1+9", "10+1"]);
});

test("bytes that were not asked for are not waited for", () => {
  const log = new Log();
  log.assembler.add(segment(0, 10));
  log.assembler.expectGap(100);
  log.assembler.add(segment(30, 10));
  log.assembler.add(segment(90, 20));
  assert.deepEqual(log.lines, ["0+10", "gap 10+20 expected", "30+10", "gap 40+50 expected", "90+20"]);
  log.assembler.expectGap(200);
  log.assembler.add(segment(205, 1));
  assert.deepEqual([log.lines.slice(5), log.assembler.holds], [["gap 110+90 expected"], true]);
});

test("whatever comes, what goes on is in order, without holes and overlap", () => {
  const any = fc.record({ position: fc.nat(200), lengthBytes: fc.nat(40), captured: fc.nat(40), atMs: fc.nat(1000) });
  fc.assert(
    fc.property(fc.array(any, { maxLength: 60 }), fc.boolean(), fc.nat(200), (all, fromStart, skipped) => {
      const log = new Log(fromStart);
      for (const { position, lengthBytes, captured, atMs } of all) {
        log.assembler.add(segment(position, lengthBytes, Math.min(captured, lengthBytes), atMs));
        log.assembler.tick(BigInt(atMs) * MS);
        if (position === skipped) log.assembler.expectGap(position + 20);
      }
      log.assembler.flush();
      assert.equal(log.assembler.holds, false);
    }),
    { numRuns: 300 },
  );
});
