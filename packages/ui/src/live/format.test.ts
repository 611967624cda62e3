import assert from "node:assert/strict";
import { test } from "node:test";
import { bytes, count, duration, plural, share } from "./format.ts";

const cases: readonly (readonly [format: (value: number) => string, value: number, text: string])[] = [
  [count, 0, "0"],
  [count, 0.3, "0.30"],
  [count, 2.5, "2.5"],
  [count, 1204, "1,204"],
  [count, 20_480, "20.5k"],
  [count, 999_960, "1.00M"],
  [count, 123_456_789, "123M"],
  [bytes, 0, "0 B"],
  [bytes, 512, "512 B"],
  [bytes, 40_500, "40.5 kB"],
  [bytes, 1_200_000_000, "1.20 GB"],
  [share, 0, "0%"],
  [share, 0.0043, "0.43%"],
  [share, 0.333, "33.3%"],
  [share, 1, "100%"],
  [share, 0.9999, "100%"],
  [share, 0.000_01, "< 0.01%"],
  [duration, 812, "812 ns"],
  [duration, 4096, "4.1 µs"],
  [duration, 20_000_000, "20 ms"],
  [duration, 1_500_000_000, "1.50 s"],
  [duration, 60e9, "1 min"],
  [duration, 125e9, "2 min 5 s"],
  [duration, 12_000e9, "3 h 20 min"],
];

for (const [format, value, text] of cases) {
  test(`${format.name} of ${value} is ${text}`, () => assert.equal(format(value), text));
}

test("one is not many", () => {
  assert.deepEqual([plural(1, "round"), plural(1200, "round")], ["1 round", "1,200 rounds"]);
});
