import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fromRoot, sourceFiles } from "../../scripts/repository.ts";

for (const source of sourceFiles("{packages,examples,bench}/**/*.bpf.c")) {
  test(`${source} is under both licences, and its object is committed`, () => {
    const text = readFileSync(fromRoot(source), "utf8");
    assert.match(text, /^\/\/ SPDX-License-Identifier: GPL-2\.0-only OR BSD-2-Clause\n/);
    // The kernel reads this one: without GPL in it most helpers are refused. A file of mere types has no programs.
    if (text.includes('SEC("')) assert.match(text, /SEC\("license"\) = "Dual BSD\/GPL";/);
    assert.ok(existsSync(fromRoot(source.replace(/\.c$/, ".o"))), "run: npm run build:bpf");
  });
}
