import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const README = new URL("../README.md", import.meta.url);
/** Where the snippets' relative names mean what they say. */
const EXAMPLE = fileURLToPath(new URL("../../../examples/count-syscalls/", import.meta.url));

function runNode(file: string): { status: number | null; stdout: string; stderr: string } {
  const args = ["--conditions=skep-source", "--disable-warning=ExperimentalWarning", file];
  return spawnSync(process.execPath, args, { cwd: EXAMPLE, encoding: "utf8", timeout: 30_000 });
}

const snippets = Array.from(readFileSync(README, "utf8").matchAll(/^```ts\n(.*?)^```$/gms), ([, code]) => code ?? "");

test("the README has snippets", () => assert.equal(snippets.length, 5));

for (const [index, code] of snippets.entries()) {
  test(`snippet ${index + 1} of the README runs: ${code.split("\n").find((line) => line.includes("@skep") || line.includes("./"))}`, () => {
    const file = `${EXAMPLE}readme-snippet-${process.pid}-${index}.ts`;
    writeFileSync(file, code);
    try {
      const { status, stderr } = runNode(file);
      assert.equal(stderr, "");
      assert.equal(status, 0);
    } finally {
      rmSync(file);
    }
  });
}

test("the example counts system calls", () => {
  const { status, stdout, stderr } = runNode("main.ts");
  assert.equal(stderr, "");
  assert.equal(status, 0);
  assert.match(stdout, /^\d+\t\d+ system calls$/m);
  assert.match(stdout, /^0 calls lost$/m);
});
