import assert from "node:assert/strict";
import { realpathSync } from "node:fs";
import { basename } from "node:path";
import { test } from "node:test";
import { ProgramNames } from "./program-names.ts";

const names = new ProgramNames();

test("a name that tells something stays", () => {
  assert.equal(names.of(1, "nginx", "/usr/sbin/nginx"), "nginx");
  const process = { pid: 1, name: "nginx" };
  assert.equal(names.named(process), process);
});

test("what Node.js calls its first thread gives way to the name of the executable", () => {
  assert.equal(names.of(1, "MainThread", "/usr/bin/node"), "node");
  assert.deepEqual(names.named({ pid: process.pid, name: "MainThread" }), {
    pid: process.pid,
    name: basename(realpathSync(process.execPath)),
  });
});

test("of a process that is gone it stays", () => assert.equal(names.of(4_194_303, "MainThread"), "MainThread"));
