import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { checkSymbolSources } from "./symbol-sources.ts";

const directory = mkdtempSync(join(tmpdir(), "skep-symbols-"));
after(() => rmSync(directory, { recursive: true }));

const kernelFunctions: readonly [what: string, kallsyms: string | undefined, status: string][] = [
  ["addresses", "0000000000000000 A fixed_percpu_data\nffffffff81000000 T _text\n", "yes"],
  ["zeros for those who must not know", "0000000000000000 A fixed_percpu_data\n0000000000000000 T _text\n", "limited"],
  ["nothing", "", "limited"],
  ["no file", undefined, "limited"],
];

for (const [what, kallsyms, status] of kernelFunctions) {
  test(`kallsyms with ${what}: ${status}`, () => {
    const path = join(directory, what);
    if (kallsyms !== undefined) writeFileSync(path, kallsyms);
    assert.equal(checkSymbolSources(new Set(), path)[0]?.status, status);
  });
}

test("user functions of all users take CAP_SYS_PTRACE", () => {
  const status = (lacking: readonly string[]) => checkSymbolSources(new Set(lacking))[1]?.status;
  assert.equal(status([]), "yes");
  assert.equal(status(["CAP_SYS_PTRACE"]), "limited");
});
