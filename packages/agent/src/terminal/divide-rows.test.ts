import assert from "node:assert/strict";
import { test } from "node:test";
import { divideRows, moreLines } from "./divide-rows.ts";

const cases: readonly [
  lines: number,
  first: number,
  second: number,
  expected: readonly [number, number],
  why: string,
][] = [
  [20, 5, 0, [5, 0], "one table alone, all of it"],
  [20, 50, 0, [17, 0], "one table alone, as far as it goes"],
  [20, 0, 50, [0, 17], "the other one alone"],
  [20, 0, 0, [0, 0], "nothing"],
  [36, 50, 50, [20, 10], "two thirds and one"],
  [36, 50, 2, [28, 2], "the first has what the second does not need"],
  [36, 4, 50, [4, 26], "the second has what the first does not need"],
  [5, 50, 50, [3, 3], "no fewer than three"],
  [5, 1, 2, [1, 2], "unless there are not so many"],
];

for (const [lines, first, second, expected, why] of cases) {
  test(`${lines} lines for ${first} and ${second} rows: ${why}`, () => {
    assert.deepEqual(divideRows(lines, first, second), expected);
  });
}

test("what is left out is counted", () => {
  assert.deepEqual(moreLines(5, 5), []);
  assert.deepEqual(moreLines(1239, 5), ["and 1,234 more"]);
});
