import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { compile, kernelHalves, objectOf } from "./compile-bpf.ts";
import { fromRoot, sourceFiles } from "./repository.ts";

// A copy elsewhere shows that no name of a folder gets into an object.
const elsewhere = mkdtempSync(join(tmpdir(), "skep-elsewhere-"));
for (const file of sourceFiles("{packages,examples,bench}/**/*.{c,h}")) {
  cpSync(fromRoot(file), join(elsewhere, file), { recursive: true });
}
after(() => rmSync(elsewhere, { recursive: true }));

for (const source of kernelHalves()) {
  test(`${objectOf(source)} is, byte for byte, what its source gives in any folder`, () => {
    const committed = readFileSync(fromRoot(objectOf(source)));
    assert.ok(
      compile(source, elsewhere).equals(committed),
      "they differ: run npm run build:bpf, and commit its result",
    );
  });
}
