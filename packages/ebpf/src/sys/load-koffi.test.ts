import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";
import { loadKoffi } from "./load-koffi.ts";

const require = createRequire(import.meta.url);
const isMusl = ["x86_64", "aarch64"].some((machine) => existsSync(`/lib/ld-musl-${machine}.so.1`));

test("koffi is what its entry would load, without the entry", { skip: isMusl && "musl" }, () => {
  const koffi = loadKoffi();
  assert.equal(require.cache[require.resolve("koffi")], undefined);
  const entry = require("koffi") as typeof koffi;
  assert.equal(koffi.version, entry.version);
  // The same file: a second one would have functions of its own.
  assert.equal(koffi.address, entry.address);
});
