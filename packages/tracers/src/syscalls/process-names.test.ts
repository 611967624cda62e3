import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { ProcessNames } from "./process-names.ts";

/** When this process started, as the kernel half says it: /proc has hundredths of a second. */
const stat = readFileSync("/proc/self/stat", "latin1");
const startTicks = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]);
const started = Math.floor((startTicks * 1e7) / 2 ** 24);

test("of a process that runs /proc tells the rest, if it is the same one", () => {
  const names = new ProcessNames(10);
  const own = { pid: process.pid, started };
  names.learn(own, "MainThread");
  assert.equal(names.get(own).executablePath, process.execPath);
  const earlier = { pid: process.pid, started: started - 1000 };
  names.learn(earlier, "gone");
  assert.deepEqual(names.get(earlier), { pid: process.pid, name: "gone" });
});

test("names cannot steer a terminal", () => {
  const names = new ProcessNames(10);
  const key = { pid: 4_194_304, started: 1 };
  names.learn(key, "\u001b[2Jx");
  assert.equal(names.get(key).name, "\ufffd[2Jx");
});

test("the names learnt longest ago are forgotten first", () => {
  const names = new ProcessNames(2);
  const keys = [1, 2, 3].map((started_) => ({ pid: 4_194_304, started: started_ }));
  for (const key of keys) names.learn(key, `name-${key.started}`);
  assert.deepEqual(
    keys.map((key) => names.get(key).name),
    ["unknown", "name-2", "name-3"],
  );
});
