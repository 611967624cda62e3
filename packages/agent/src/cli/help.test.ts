import assert from "node:assert/strict";
import { test } from "node:test";
import { commands } from "./commands.ts";
import { renderHelp, renderOverview } from "./help.ts";
import { TEXT_COLUMNS, wrapText } from "./wrap-text.ts";

function assertFits(text: string): void {
  for (const line of text.split("\n")) assert.ok(line.length <= TEXT_COLUMNS, `${line.length} columns: ${line}`);
}

test("the overview names every command and every exit code, in 80 columns", () => {
  const text = renderOverview(commands);
  assertFits(text);
  for (const { name, summary } of commands) assert.match(text, new RegExp(`^ {2}${name} +${summary}$`, "m"));
  assert.match(text, /Exit codes:\n {2}0 .*\n {2}1 .*\n {2}2 /);
});

for (const command of commands) {
  test(`the help of ${command.name} shows each option and an example, in 80 columns`, () => {
    const text = renderHelp(command);
    assertFits(text);
    for (const [name, { short }] of Object.entries(command.options)) {
      assert.match(text, new RegExp(short === undefined ? `^ {6}--${name}\\b` : `^ {2}-${short}, --${name}\\b`, "m"));
    }
    assert.match(text, /\nExamples:\n {2}(sudo )?skep /);
    assert.match(text, /Exit codes: 0/);
  });
}

test("text is broken at spaces, a long word stands alone", () => {
  assert.deepEqual(wrapText("one two three", 7), ["one two", "three"]);
  assert.deepEqual(wrapText("a incomprehensibilities b", 5), ["a", "incomprehensibilities", "b"]);
  assert.deepEqual(wrapText("", 5), [""]);
});
