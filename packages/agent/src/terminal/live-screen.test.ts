import assert from "node:assert/strict";
import { test } from "node:test";
import { LiveScreen } from "./live-screen.ts";

/** Remembers what was written to it. */
class FakeTerminal {
  columns = 20;
  rows = 10;
  written = "";

  write(text: string): boolean {
    this.written += text;
    return true;
  }

  take(): string {
    const taken = this.written;
    this.written = "";
    return taken;
  }
}

const BEGIN = "\x1b[?25l\x1b[?7l\r";
const END = "\x1b[J\x1b[?7h\x1b[?25h";

test("each frame goes over the one before and leaves the terminal as it was", () => {
  const terminal = new FakeTerminal();
  const screen = new LiveScreen(terminal);
  screen.show(["one", "two", "three"]);
  assert.equal(terminal.take(), `${BEGIN}one\x1b[K\r\ntwo\x1b[K\r\nthree\x1b[K${END}`);
  screen.show(["four"]);
  assert.equal(terminal.take(), `${BEGIN}\x1b[2Afour\x1b[K${END}`);
  screen.show(["five"]);
  assert.equal(terminal.take(), `${BEGIN}five\x1b[K${END}`);
});

test("a line that fills the terminal is not cleared behind: the cursor stands on its last character", () => {
  const terminal = new FakeTerminal();
  new LiveScreen(terminal).show(["x".repeat(20), "日".repeat(10)]);
  assert.equal(terminal.take(), `${BEGIN}${"x".repeat(20)}\r\n${"日".repeat(10)}${END}`);
});

test("what does not fit the height is left out, so that the next frame finds its top", () => {
  const terminal = new FakeTerminal();
  terminal.rows = 2;
  const screen = new LiveScreen(terminal);
  screen.show(["one", "two", "three"]);
  assert.ok(!terminal.take().includes("three"));
  screen.show(["four"]);
  assert.equal(terminal.take(), `${BEGIN}\x1b[1Afour\x1b[K${END}`);
});

test("in a terminal that was made narrower the last frame takes more lines", () => {
  const terminal = new FakeTerminal();
  const screen = new LiveScreen(terminal);
  screen.show(["x".repeat(20), "", "123456"]);
  terminal.take();
  terminal.columns = 6;
  screen.show([]);
  assert.equal(terminal.take(), `${BEGIN}\x1b[5A${END}`);
});

test("lines that stay go above the frame, which goes on below them", () => {
  const terminal = new FakeTerminal();
  const screen = new LiveScreen(terminal);
  screen.show(["one", "two"]);
  terminal.take();
  assert.equal(screen.write("slow\nslower\n"), true);
  assert.equal(terminal.take(), `${BEGIN}\x1b[1Aslow\x1b[K\r\nslower\x1b[K\r\none\x1b[K\r\ntwo\x1b[K${END}`);
  screen.show(["three"]);
  assert.equal(terminal.take(), `${BEGIN}\x1b[1Athree\x1b[K${END}`);
});

test("a line that stays keeps its place also where nothing was shown yet", () => {
  const terminal = new FakeTerminal();
  const screen = new LiveScreen(terminal);
  screen.write("slow\n");
  assert.equal(terminal.take(), `${BEGIN}slow\x1b[K\r\n\x1b[K${END}`);
  screen.show(["one"]);
  assert.equal(terminal.take(), `${BEGIN}one\x1b[K${END}`);
});

test("the text at the end takes the place of the frame, its lines unbroken", () => {
  const terminal = new FakeTerminal();
  const screen = new LiveScreen(terminal);
  screen.show(["one", "two"]);
  terminal.take();
  screen.finish(`end\n${"x".repeat(40)}\n`);
  assert.equal(terminal.take(), `\r\x1b[1Aend\x1b[K\r\n${"x".repeat(40)}\r\n\x1b[K\x1b[J`);
});
