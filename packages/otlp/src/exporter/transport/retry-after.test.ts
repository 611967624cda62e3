import assert from "node:assert/strict";
import { test } from "node:test";
import { retryAfterMs } from "./retry-after.ts";

const now = Date.UTC(2026, 10, 23, 12, 0, 0);

const cases: readonly (readonly [header: string | undefined, delayMs: number | undefined])[] = [
  [undefined, undefined],
  ["0", 0],
  ["120", 120_000],
  [" 5 ", 5_000],
  ["Mon, 23 Nov 2026 12:01:30 GMT", 90_000],
  ["Monday, 23-Nov-26 12:01:30 GMT", 90_000],
  ["Mon, 23 Nov 2026 11:00:00 GMT", 0],
  ["", undefined],
  ["-1", undefined],
  ["1.5", undefined],
  ["soon", undefined],
  ["2026", 2_026_000],
  ["Mon, 77 Nov 2026 12:00:00 GMT", undefined],
];
for (const [header, delayMs] of cases) {
  test(`Retry-After: ${header}`, () => assert.equal(retryAfterMs(header, now), delayMs));
}
