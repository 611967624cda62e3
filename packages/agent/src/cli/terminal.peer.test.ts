import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { linesOnTerminal, onTerminal } from "./testing/terminal.ts";

test("on a terminal the progress is one line that counts the seconds and goes away", () => {
  const show = (second: number) => `\r\x1b[KProfiling every process at 99 Hz: ${second} of 1.5 s; Ctrl-C ends it early`;
  const output = onTerminal("profile -d 1.5 --json >/dev/null");
  assert.ok(output.startsWith(`${show(0)}${show(1)}\r\x1b[K`), JSON.stringify(output));
});

test("on a terminal the table leaves its first line in sight", (context) => {
  const directory = mkdtempSync(join(tmpdir(), "skep-terminal-"));
  context.after(() => rmSync(directory, { recursive: true }));
  const lines = onTerminal(`profile -d 0.5 -o ${directory}/cpu.folded`).split("\r\n");
  const first = lines.findIndex((line) => line.includes("99 Hz on "));
  assert.ok(lines.length - first <= 24, lines.join("\n"));
});

test("the doctor has colours on a terminal, but not where NO_COLOR is set", () => {
  assert.ok(onTerminal("doctor").includes("\x1b[32m✓\x1b[39m"));
  assert.ok(!onTerminal("doctor", { NO_COLOR: "1" }).includes("\x1b"));
});

const refreshed: readonly [command: string, first: RegExp][] = [
  ["syscalls -d 4", /^System calls for \d+\.\d s: /],
  ["files -d 4", /^Files for \d+\.\d s: /],
  ["files -d 4 --slow 20", /^Files for \d+\.\d s: /],
  ["http -d 4", /^HTTP for \d+\.\d s: /],
  ["network -d 4", /^Network for \d+\.\d s:/],
];

for (const [command, first] of refreshed) {
  test(`on a terminal the table of "${command}" is refreshed in place, and the last one stays`, () => {
    const output = onTerminal(command);
    const frames = output.split("\x1b[?25l\x1b[?7l").slice(1);
    assert.ok(frames.length >= 2, `${frames.length} frames`);
    for (const frame of frames) assert.ok(frame.includes("\x1b[?7h\x1b[?25h"), "each frame shows the cursor again");
    assert.match(output, /\d of 4 s; Ctrl-C ends it early/);
    // Tables that were shown before are gone, and so is the line below them.
    const lines = linesOnTerminal(output);
    assert.equal(lines.filter((line) => first.test(line)).length, 1, lines.join("\n"));
    assert.ok(!lines.some((line) => line.includes("Ctrl-C ends it")));
    for (const line of lines) assert.ok(line.length <= 80, line);
    const table = lines.slice(lines.findIndex((line) => first.test(line)));
    assert.ok(table.length < 24, "its first line is in sight");
    assert.equal(lines.at(-1), "");
  });
}

test("on a terminal COMMAND has it to itself", () => {
  const output = onTerminal("syscalls -- echo hello");
  assert.ok(output.startsWith("hello\r\nSystem calls of echo hello for "), JSON.stringify(output));
  assert.ok(!output.includes("\x1b"));
});

test("on a terminal the lines of processes are cut to its width", () => {
  const lines = onTerminal(`processes -- sh -c ': ${"long ".repeat(40)}'`).split("\r\n");
  assert.match(lines[1] ?? "", /^[\d:.]+ +\d+ +\d+ {2}exec {4}sh -c ': long long .*…$/);
  assert.equal(lines[1]?.length, 80);
});
