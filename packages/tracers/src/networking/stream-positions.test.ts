import assert from "node:assert/strict";
import { test } from "node:test";
import { StreamPositions } from "./stream-positions.ts";

test("positions go on where 32 bits end", () => {
  const positions = new StreamPositions();
  assert.equal(positions.extend(0xffff_ff00), 0);
  assert.equal(positions.extend(0x100), 0x200);
  // One that comes out of turn.
  assert.equal(positions.extend(0xffff_ff80), 0x80);
  let position = 0x80;
  let low = 0xffff_ff80;
  for (let step = 0; step < 10; step++) {
    position += 0x6000_0000;
    low = (low + 0x6000_0000) >>> 0;
    assert.equal(positions.extend(low), position);
  }
  assert.equal(positions.last, position);
  assert.equal(positions.lowBitsOf(position + 0x1000_0000), (low + 0x1000_0000) >>> 0);
});

test("where the first position is known, a first record may be missing", () => {
  const positions = new StreamPositions(0xffff_ff00);
  assert.equal(positions.lowBitsOf(0x80), 0xffff_ff80);
  assert.equal(positions.extend(0x100), 0x200);
  assert.equal(positions.extend(0xffff_ff00), 0);
});
