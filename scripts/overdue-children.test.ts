import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { killOverdueChildren } from "./overdue-children.ts";

test("a child that computes for ever is killed, one that ends in time is not", async () => {
  const killed: number[] = [];
  using _watch = killOverdueChildren(1_500, (pid) => killed.push(pid));
  const quick = spawn(process.execPath, ["--eval", ""], { stdio: "ignore" });
  const endless = spawn(process.execPath, ["--eval", "for (;;);"], { stdio: "ignore" });
  const ends = await Promise.all([quick, endless].map((child) => once(child, "exit")));
  assert.deepEqual(ends, [
    [0, null],
    [null, "SIGKILL"],
  ]);
  assert.deepEqual(killed, [endless.pid]);
});
