import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesAt, readCounter, readName, textUntilNul } from "./kernel-values.ts";

/** A view that begins in the middle of its buffer, as those of rows and records do. */
function viewOf(text: string): DataView {
  const bytes = Buffer.from(`before${text}`);
  return new DataView(bytes.buffer, bytes.byteOffset + 6, bytes.length - 6);
}

test("a name ends at the first NUL, or fills its room", () => {
  const view = viewOf("sh\0left over xyzabcdefghijklmnopq");
  assert.equal(readName(view, 0), "sh");
  assert.equal(readName(view, 16), "abcdefghijklmnop");
});

test("text ends at the first NUL, or with its bytes", () => {
  const view = viewOf("/usr/bin/naïve\0more");
  assert.equal(textUntilNul(bytesAt(view, 0, view.byteLength)), "/usr/bin/naïve");
  assert.equal(textUntilNul(bytesAt(view, 0, 4)), "/usr");
  assert.equal(textUntilNul(bytesAt(view, 0, 0)), "");
});

test("what is no UTF-8 shows as U+FFFD", () => {
  const bytes = Uint8Array.of(0x61, 0xff, 0x62, 0);
  assert.equal(textUntilNul(bytes), "a\ufffdb");
  assert.equal(readName(new DataView(bytes.buffer), 0), "a\ufffdb");
});

test("views of different memory are told apart", () => {
  const [one, other] = [viewOf("one\0"), new DataView(Uint8Array.of(0x74, 0x77, 0x6f, 0).buffer)];
  assert.deepEqual(
    [one, other, one].map((view) => readName(view, 0)),
    ["one", "two", "one"],
  );
});

test("a count is exact up to 2^53", () => {
  const view = new DataView(new ArrayBuffer(16));
  for (const count of [0n, 1n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 53n]) {
    view.setBigUint64(8, count, true);
    assert.equal(readCounter(view, 8), Number(count));
  }
});
