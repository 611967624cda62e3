import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { runSkep } from "../cli/testing/skep-process.ts";

const folder = mkdtempSync(join(tmpdir(), "skep-config-"));
after(() => rmSync(folder, { recursive: true }));

test("what print-default prints is right, says check", async () => {
  const printed = await runSkep(["config", "print-default"]);
  const file = join(folder, "skep.yaml");
  writeFileSync(file, printed.stdout);
  assert.deepEqual(await runSkep(["config", "check", file]), {
    code: 0,
    signal: null,
    stdout: `${file} is right\n`,
    stderr: "",
  });
});

test("a mistake is told with its line, and the command fails", async () => {
  const file = join(folder, "wrong.yaml");
  writeFileSync(file, "page:\n  prot: 1\n");
  assert.deepEqual(await runSkep(["config", "check", file]), {
    code: 1,
    signal: null,
    stdout: "",
    stderr: `skep: ${file}:2:3: unknown key page.prot\n      did you mean port?\n`,
  });
});

test("a file that is not there is named, and how to make one", async () => {
  const file = join(folder, "none.yaml");
  const { code, stderr } = await runSkep(["config", "check", file]);
  assert.equal(code, 1);
  assert.equal(
    stderr,
    `skep: cannot read ${file}: no such file or directory (ENOENT)\n      one to begin with: skep config print-default >${file}\n`,
  );
});
