import assert from "node:assert/strict";
import { test } from "node:test";
import { wellFormedTraceparent } from "./traceparent.ts";

const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
const parent = "00f067aa0ba902b7";

test("a traceparent is kept if it is well-formed", () => {
  for (const value of [`00-${trace}-${parent}-01`, `00-${trace}-${parent}-00`, `cc-${trace}-${parent}-01-more`]) {
    assert.equal(wellFormedTraceparent(value), value);
  }
});

test("a traceparent that is not well-formed is left out", () => {
  for (const value of [
    "",
    `ff-${trace}-${parent}-01`,
    `00-${trace.toUpperCase()}-${parent}-01`,
    `00-${"0".repeat(32)}-${parent}-01`,
    `00-${trace}-${"0".repeat(16)}-01`,
    `00-${trace}-${parent}-01-more`,
    `00-${trace}-${parent}-1`,
    `00-${trace}-${parent}`,
    ` 00-${trace}-${parent}-01`,
    `cc-${trace}-${parent}-01-${"m".repeat(256)}`,
  ]) {
    assert.equal(wellFormedTraceparent(value), undefined, value);
  }
});
