import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { skepMain } from "./testing/skep-process.ts";

/** What skep prints on a terminal, which script (util-linux) plays: both streams, with every control character. */
function onTerminal(args: string, env: NodeJS.ProcessEnv = {}): string {
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
