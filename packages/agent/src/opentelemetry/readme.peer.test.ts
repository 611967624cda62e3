import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const PACKAGE = new URL("../../", import.meta.url);
const readme = readFileSync(new URL("README.md", PACKAGE), "utf8");
const [snippet = "", ...others] = Array.from(readme.matchAll(/^```ts\n(.*?)^```$/gms), ([, code]) => code ?? "");

test("the README's program counts its own system calls, exactly, and logs what it ran", () => {
  assert.deepEqual(others, []);
  const file = fileURLToPath(new URL(`readme-${process.pid}.ts`, PACKAGE));
  writeFileSync(file, snippet);
  try {
    const { stdout, stderr, status } = spawnSync(process.execPath, ["--conditions=skep-source", file], {
      encoding: "utf8",
    });
    assert.equal(stderr, "");
    assert.equal(status, 0);
    assert.equal(stdout, "close 1000\nlinux.process.exec true\nlinux.process.exit true\n");
  } finally {
    rmSync(file);
  }
});
