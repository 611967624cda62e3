import assert from "node:assert/strict";
import { test } from "node:test";
import { counted, formatBytes, formatCount, formatDuration, formatRate } from "./numbers.ts";

test("durations keep two or three digits", () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, "0 ns"],
    [999, "999 ns"],
    [999.6, "1.0 us"],
    [9_949, "9.9 us"],
    [9_950, "10 us"],
    [12_345, "12 us"],
    [999_499, "999 us"],
    [999_500, "1.0 ms"],
    [20_000_000, "20 ms"],
    [999_499_999, "999 ms"],
    [999_500_000, "1.00 s"],
    [9_994_999_999, "9.99 s"],
    [9_995_000_000, "10.0 s"],
    [99_949_999_999, "99.9 s"],
    [99_950_000_000, "100 s"],
    [86_400_000_000_000, "86400 s"],
  ];
  for (const [durationNs, expected] of cases) assert.equal(formatDuration(durationNs), expected, `${durationNs} ns`);
});

test("bytes count by thousands", () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, "0 B"],
    [999, "999 B"],
    [1000, "1.0 kB"],
    [4096, "4.1 kB"],
    [999_499, "999 kB"],
    [999_500, "1.0 MB"],
    [123_456_789, "123 MB"],
    [5e9, "5.0 GB"],
    [7.5e12, "7.5 TB"],
    [2e15, "2.0 PB"],
    [Number.MAX_SAFE_INTEGER * 1000, "9007 PB"],
  ];
  for (const [bytes, expected] of cases) assert.equal(formatBytes(bytes), expected, `${bytes} bytes`);
});

test("counts are exact", () => {
  assert.equal(formatCount(12_345_678), "12,345,678");
  assert.equal(counted(0, "call"), "0 calls");
  assert.equal(counted(1, "call"), "1 call");
  assert.equal(counted(1000, "call"), "1,000 calls");
});

for (const [perSecond, text] of [
  [0, ""],
  [0.04, "0.0"],
  [12.34, "12.3"],
  [99.95, "100"],
  [1234.5, "1,235"],
] as const) {
  test(`${perSecond} a second`, () => assert.equal(formatRate(perSecond), text));
}
