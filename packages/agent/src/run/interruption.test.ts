import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { Interruption } from "./interruption.ts";

/** Prints what happens to a process that holds an Interruption, as lines. */
const script = `
  import { Interruption } from ${JSON.stringify(new URL("./interruption.ts", import.meta.url).href)};
  const interruption = new Interruption(() => console.log("abandoned"));
  interruption.requested.then((signal) => console.log("requested by", signal));
  setInterval(() => {}, 1000);
  console.log("ready");
`;

for (const [signal, exitCode] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const) {
  test(`the first ${signal} asks, the second one ends the process at once`, async () => {
    const child = spawn(process.execPath, ["--conditions=skep-source", "--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const lines: string[] = [];
    for await (const line of child.stdout.setEncoding("utf8")) {
      lines.push(...String(line).trim().split("\n"));
      if (lines.length <= 2) child.kill(signal);
    }
    if (child.exitCode === null) await once(child, "exit");
    assert.deepEqual(lines, ["ready", `requested by ${signal}`, "abandoned"]);
    assert.equal(child.exitCode, exitCode);
  });
}

test("once disposed of, signals do what they did before", () => {
  const before = process.listenerCount("SIGINT");
  {
    using _interruption = new Interruption(() => undefined);
    assert.equal(process.listenerCount("SIGINT"), before + 1);
  }
  assert.equal(process.listenerCount("SIGINT"), before);
});
