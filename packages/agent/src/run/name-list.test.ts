import assert from "node:assert/strict";
import { test } from "node:test";
import { parseNames } from "./name-list.ts";

const parse = (...values: readonly string[]) => parseNames(values, "a fruit", "apple,pear");

test("names are given with commas, several times, or not at all", () => {
  assert.equal(parse(), undefined);
  assert.deepEqual(parse("apple"), ["apple"]);
  assert.deepEqual(parse("apple,pear", "fuse.plum", "apple"), ["apple", "pear", "fuse.plum"]);
});

for (const [value, name] of [
  ["apple,", ""],
  [",", ""],
  ["apple pear", "apple pear"],
  ["a/b", "a/b"],
  ["\x1b[2J", "\x1b[2J"],
] as const) {
  test(`refuses ${JSON.stringify(value)}`, () => {
    assert.throws(() => parse(value), {
      name: "UsageError",
      message: `"${name}" is not the name of a fruit`,
      hints: ["apple,pear"],
    });
  });
}
