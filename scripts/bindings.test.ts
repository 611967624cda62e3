import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { generatedModules, regenerate } from "./bindings.ts";
import { fromRoot } from "./repository.ts";

for (const file of generatedModules()) {
  test(`${file} is what its object gives`, () => {
    const committed = readFileSync(fromRoot(file), "utf8");
    assert.equal(committed, regenerate(file), "they differ: run npm run build:bpf, and commit its result");
  });
}
