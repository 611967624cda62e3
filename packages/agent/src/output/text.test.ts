import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { cutMiddle, displayWidth, padDisplayEnd, printable, printableJson } from "./text.ts";

test("what a terminal would obey is shown as an escape", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["nginx: worker", "nginx: worker"],
    ["\x1b[2J\x1b]0;owned\x07", "\\x1b[2J\\x1b]0;owned\\x07"],
    ["a\nb\tc\rd", "a\\x0ab\\x09c\\x0dd"],
    ["\x9b31m", "\\x9b31m"],
    ["\x7f", "\\x7f"],
    ["abc\u202egnp.exe", "abc\\u{202e}gnp.exe"],
    ["a\u200bb", "a\\u{200b}b"],
    ["a\u2028b", "a\\u{2028}b"],
    ["\ud800", "\\u{d800}"],
    ["\u{e0041}", "\\u{e0041}"],
    ["日本語 é", "日本語 é"],
  ];
  for (const [text, expected] of cases) assert.equal(printable(text), expected);
});

test("JSON is as harmless, and means the same", () => {
  assert.equal(printableJson({ name: "\x9b31m\u202e\u{e0041}" }), '{"name":"\\u009b31m\\u202e\\udb40\\udc41"}');
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const json = printableJson({ text }, 2);
      assert.equal(printable(json.replaceAll("\n", " ")), json.replaceAll("\n", " "));
      assert.deepEqual(JSON.parse(json), { text });
    }),
  );
});

test("wide characters take two columns, combining marks none", () => {
  const cases: readonly (readonly [string, number])[] = [
    ["abc", 3],
    ["日本", 4],
    ["한국", 4],
    ["ｆｕ", 4],
    ["e\u0301", 1],
    ["🐝", 2],
    ["…é", 2],
  ];
  for (const [text, width] of cases) assert.equal(displayWidth(text), width, text);
  assert.equal(padDisplayEnd("日本", 6), "日本  ");
  assert.equal(padDisplayEnd("abc", 2), "abc");
});

test("a long text loses its middle", () => {
  assert.equal(cutMiddle("abcdefghij", 10), "abcdefghij");
  assert.equal(cutMiddle("abcdefghij", 5), "ab…ij");
  assert.equal(cutMiddle("abcdefghij", 6), "ab…hij");
  assert.equal(cutMiddle("abcdefghij", 1), "…");
  assert.equal(cutMiddle("日本語日本語", 6), "日…語");
});

test("a cut text never takes more columns than it may", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.integer({ min: 1, max: 30 }), (text, columns) => {
      assert.ok(displayWidth(cutMiddle(printable(text), columns)) <= columns);
    }),
  );
});
