import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { shellWords } from "./shell-words.ts";

test("plain words stand as they are, others in quotes", () => {
  assert.equal(shellWords(["make", "-j4", "CC=gcc", "../a.b:c"]), "make -j4 CC=gcc ../a.b:c");
  assert.equal(shellWords(["", "a b", "it's", "$HOME", "*"]), "'' 'a b' 'it'\\''s' '$HOME' '*'");
  assert.equal(shellWords([]), "");
});

test("a shell takes them for what they were", () => {
  const words = ["a b", "it's", "$HOME", "`id`", "\\", '"', "*", "", "#", "~", "\n"];
  const { stdout } = spawnSync("/bin/sh", ["-c", `printf '%s\\0' ${shellWords(words)}`], { encoding: "utf8" });
  assert.deepEqual(stdout.split("\0").slice(0, -1), words);
});
