import assert from "node:assert/strict";
import { test } from "node:test";
import {
  MAX_FRAMES,
  readFrames,
  readSampleKey,
  readSampleValue,
  SAMPLE_KEY_BYTES,
  SAMPLE_VALUE_BYTES,
  STACK_BYTES,
  sampleIdentity,
} from "./sample-table.ts";

function keyBytes(name: string): DataView {
  const view = new DataView(new ArrayBuffer(SAMPLE_KEY_BYTES + 8), 8);
  view.setBigUint64(0, 0xffff_ffff_8100_0001n, true);
  view.setBigUint64(8, 7n, true);
  view.setBigUint64(16, 123_456_789_012n, true);
  view.setUint32(24, 4242, true);
  view.setUint32(28, 4243, true);
  new Uint8Array(view.buffer, 8 + 32, 16).set(new TextEncoder().encode(name));
  return view;
}

test("a key reads as the C struct lays it out", () => {
  assert.deepEqual(readSampleKey(keyBytes("api-worker"), 0), {
    kernelStack: 0xffff_ffff_8100_0001n,
    userStack: 7n,
    imageNs: 123_456_789_012n,
    pid: 4242,
    tid: 4243,
    threadName: "api-worker",
  });
});

test("a name that fills its field without a NUL ends with the field", () => {
  assert.equal(readSampleKey(keyBytes("0123456789abcdef"), 0).threadName, "0123456789abcdef");
});

test("values above 32 bits keep all their digits", () => {
  const view = new DataView(new ArrayBuffer(SAMPLE_VALUE_BYTES));
  view.setBigUint64(0, 5n, true);
  view.setBigUint64(8, 86_400_000_000_123n, true);
  assert.deepEqual(readSampleValue(view, 0), { count: 5, durationNs: 86_400_000_000_123 });
});

test("frames end at the depth, and a depth beyond the table is cut", () => {
  const view = new DataView(new ArrayBuffer(STACK_BYTES));
  for (let index = 0; index < MAX_FRAMES; index++) view.setBigUint64(8 + index * 8, BigInt(index + 1), true);
  view.setUint32(0, 2, true);
  assert.deepEqual([...readFrames(view, 0)], [1n, 2n]);
  view.setUint32(0, 0xffff_ffff, true);
  assert.equal(readFrames(view, 0).length, MAX_FRAMES);
});

test("keys that differ in one field have different identities", () => {
  const key = readSampleKey(keyBytes("a"), 0);
  const others = [
    { ...key, kernelStack: 1n },
    { ...key, userStack: 1n },
    { ...key, imageNs: 1n },
    { ...key, pid: 1 },
    { ...key, tid: 1 },
    { ...key, threadName: "b" },
  ];
  assert.equal(new Set([key, ...others].map(sampleIdentity)).size, 7);
});
