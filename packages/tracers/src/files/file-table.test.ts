import assert from "node:assert/strict";
import { test } from "node:test";
import { readExitedPid, readFileKey, readFileRecord, readSlowRecord, readTotals } from "./file-table.ts";

/** A view that begins in the middle of its buffer, as rows and records do. */
function viewOf(sizeBytes: number): DataView {
  return new DataView(new ArrayBuffer(sizeBytes + 8), 8);
}

test("keys differ in identity by all but the error", () => {
  const identities = new Set<string>();
  for (let at = 0; at < 36; at++) {
    const view = viewOf(40);
    view.setUint8(at, 0xd8);
    view.setUint32(36, at, true);
    const { identity, error } = readFileKey(view, 0);
    identities.add(identity);
    assert.equal(error, at);
  }
  assert.equal(identities.size, 36);
  const view = viewOf(40);
  for (const [at, value] of [11, 22, 3].entries()) view.setUint32(24 + at * 4, value, true);
  const { pid, image, kind } = readFileKey(view, 0);
  assert.deepEqual([pid, image, kind], [11, 22, 3]);
});

test("sums are exact beyond 32 bits", () => {
  const view = viewOf(80);
  for (let member = 0; member < 10; member++) view.setBigUint64(member * 8, 2n ** 32n * BigInt(member) + 1n, true);
  assert.deepEqual(
    Object.values(readTotals(view, 0)),
    Array.from({ length: 10 }, (_, member) => 2 ** 32 * member + 1),
  );
});

test("a record's text is what was asked for, then names", () => {
  const view = viewOf(200);
  const bytes = new Uint8Array(view.buffer, view.byteOffset);
  const encoder = new TextEncoder();
  view.setUint32(4, 9, true);
  bytes.set(encoder.encode("a name of 15 by"), 48);
  bytes.set(encoder.encode("ext4"), 64);
  view.setUint32(80, 4, true);
  view.setUint32(84, 9, true);
  bytes.set(encoder.encode("a/b\0dir\0\0too much"), 88);
  const { asked, names, processName, fileSystem, pathFlags } = readFileRecord(view, 0);
  const decoder = new TextDecoder();
  assert.deepEqual(
    [decoder.decode(asked), decoder.decode(names), processName, fileSystem, pathFlags],
    ["a/b", "dir\0\0", "a name of 15 by", "ext4", 9],
  );
  view.setUint32(80, 0, true);
  view.setUint32(84, 0, true);
  const empty = readFileRecord(view, 0);
  assert.deepEqual([empty.asked, empty.names.length], [undefined, 0]);
});

test("an exit names its process", () => {
  const view = viewOf(8);
  view.setUint32(0, 4, true);
  view.setUint32(4, 4711, true);
  assert.equal(readExitedPid(view, 0), 4711);
});

test("a slow operation keeps its signs", () => {
  const view = viewOf(88);
  view.setUint32(4, 2, true);
  view.setBigUint64(48, 2n ** 60n, true);
  view.setBigUint64(56, 5_000_000_000n, true);
  view.setBigInt64(64, -5n, true);
  view.setBigInt64(72, -1n, true);
  view.setUint32(80, 17, true);
  const { operation, endNs, durationNs, result, offset, call } = readSlowRecord(view, 0);
  assert.deepEqual([operation, endNs, durationNs, result, offset, call], [2, 2n ** 60n, 5e9, -5, -1, 17]);
});
