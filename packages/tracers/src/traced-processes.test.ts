import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { TracedProcesses } from "./traced-processes.ts";

const name = readFileSync("/proc/self/comm", "utf8").trimEnd();

test("a process that runs is known with its executable", () => {
  const processes = new TracedProcesses(10);
  assert.equal(processes.get(process.pid, 1, name).executablePath, process.execPath);
});

test("of one that runs another program by now, or has ended, no more is said than was seen", () => {
  const processes = new TracedProcesses(10);
  assert.deepEqual(processes.get(process.pid, 1, "another"), { pid: process.pid, name: "another" });
  assert.deepEqual(processes.get(4_194_305, 1, "gone"), { pid: 4_194_305, name: "gone" });
});

test("a process is one object for each program that it runs, up to the limit", () => {
  const processes = new TracedProcesses(2);
  const first = processes.get(4_194_305, 1, "first");
  const second = processes.get(4_194_305, 2, "second");
  assert.notEqual(first, second);
  assert.equal(processes.get(4_194_305, 1, "whatever"), first);
  processes.get(4_194_306, 1, "third");
  assert.equal(processes.get(4_194_305, 1, "whatever"), first);
  assert.equal(processes.get(4_194_305, 2, "again").name, "again");
});
