import assert from "node:assert/strict";
import { test } from "node:test";
import { headline } from "./headline.ts";

const numbers = ["1,234 calls", "0 lost"];

test("says what, of whom, for how long and how much", () => {
  assert.deepEqual(headline("System calls", undefined, 10e9, numbers, 80), [
    "System calls for 10.0 s: 1,234 calls, 0 lost",
  ]);
  assert.deepEqual(headline("System calls", "make -j4", 123_456_789, numbers, 80), [
    "System calls of make -j4 for 0.1 s: 1,234 calls, 0 lost",
  ]);
});

test("a long subject is cut, and made harmless", () => {
  assert.deepEqual(headline("System calls", `make \x1b[2J ${"x".repeat(99)}`, 10e9, numbers, 70), [
    "System calls of make \\x1…xxxxxxxxxxxxx for 10.0 s: 1,234 calls, 0 lost",
  ]);
});

test("numbers are never cut: where there is no room for both they have a line of their own", () => {
  const many = [...numbers, "7 of another kind"];
  assert.deepEqual(headline("System calls", "日本".repeat(40), 10e9, many, 60), [
    "System calls of 日本日本日本…本日本日本日本日本 for 10.0 s:",
    "1,234 calls, 0 lost, 7 of another kind",
  ]);
  assert.deepEqual(headline("System calls", "cat", 10e9, many, 30), [
    "System calls o…cat for 10.0 s:",
    "1,234 calls, 0 lost, 7 of",
    "another kind",
  ]);
});
