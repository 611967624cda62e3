import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { kernelNames } from "../packages/tracers/src/syscalls/kernel-names.generated.ts";
import { type KernelTable, namesModule, parseDefinitions, readKernelNames, renderModule } from "./kernel-names.ts";
import { fromRoot } from "./repository.ts";

test("the names are what the newest kernel's headers give", (context) => {
  const names = readKernelNames();
  const rendered = renderModule(names);
  if (rendered === readFileSync(fromRoot(namesModule), "utf8")) return;
  // The suite moves on, and numbers never change: a newer kernel has what there was, and some more at the end.
  context.diagnostic(`linux-libc-dev ${names.version} has more names: run npm run build:names`);
  for (const [table, text] of Object.entries(kernelNames)) {
    assert.ok(rendered.includes(text), `${table}: what was written is not the beginning of what there is`);
  }
});

test("the names of this machine's own headers, which are older, are among them", (context) => {
  if (process.arch !== "x64") return context.skip("its headers are somewhere else");
  for (const [table, header] of [
    ["x64", "/usr/include/x86_64-linux-gnu/asm/unistd_64.h"],
    ["x64Compat", "/usr/include/x86_64-linux-gnu/asm/unistd_32.h"],
    ["errors", "/usr/include/asm-generic/errno.h"],
  ] as const satisfies readonly (readonly [KernelTable, string])[]) {
    const definitions = parseDefinitions(readFileSync(header, "utf8"));
    assert.ok(definitions.length > 90, header);
    const words = new Set(kernelNames[table].split(/\s+/));
    for (const [, name] of definitions) assert.ok(words.has(name), name);
  }
});
