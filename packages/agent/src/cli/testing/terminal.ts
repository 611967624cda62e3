import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { skepMain } from "./skep-process.ts";

/** What skep prints on a terminal, which script (util-linux) plays: both streams, with every control character. */
export function onTerminal(args: string, env: NodeJS.ProcessEnv = {}): string {
  const command = `stty columns 80 rows 24; exec ${process.execPath} --conditions=skep-source ${skepMain} ${args}`;
  const { status, stdout } = spawnSync("script", ["--quiet", "--return", "--command", command, "/dev/null"], {
    encoding: "utf8",
    // Each of these keeps Node.js from using colours.
    env: {
      ...process.env,
      TERM: "xterm-256color",
      CI: undefined,
      NO_COLOR: undefined,
      NODE_DISABLE_COLORS: undefined,
      ...env,
    },
  });
  assert.equal(status, 0, stdout);
  return stdout;
}

/** Breaking of lines and cursor, on and off: what each frame puts back. */
const KEPT_TO_ITSELF: ReadonlySet<string> = new Set(["\x1b[?7h", "\x1b[?7l", "\x1b[?25h", "\x1b[?25l"]);

/**
 * The lines that a terminal of 24 lines would show of what was written to it, those that scrolled out at the top
 * included. Understands what Skep uses: line feed, carriage return, cursor up, clearing to the end of a line and below.
 */
export function linesOnTerminal(written: string): string[] {
  const lines: string[] = [""];
  let row = 0;
  let column = 0;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this is about
  for (const [text, count, command] of written.matchAll(/\x1b\[\??(\d*)([A-Za-z])|[\r\n]|[^\x1b\r\n]+/g)) {
    const line = lines[row] ?? "";
    if (text === "\r") column = 0;
    else if (text === "\n") row++;
    else if (command === undefined) {
      lines[row] = line.slice(0, column).padEnd(column) + text + line.slice(column + text.length);
      column += text.length;
    } else if (command === "A") row -= Number(count);
    else if (command === "K") lines[row] = line.slice(0, column);
    else if (command === "J") lines.splice(row, lines.length, line.slice(0, column));
    else assert.ok(KEPT_TO_ITSELF.has(text), JSON.stringify(text));
    assert.ok(row >= Math.max(0, lines.length - 24), "the cursor leaves the terminal at its top");
    lines[row] ??= "";
  }
  return lines;
}
