import assert from "node:assert/strict";
import { test } from "node:test";
import { parseStatus, runningProcesses } from "./running-processes.ts";

test("this process is there, with its parent and its memory", () => {
  const { processes, isCut } = runningProcesses();
  assert.equal(isCut, false);
  const self = processes.find(({ pid }) => pid === process.pid);
  assert.equal(self?.parentPid, process.ppid);
  assert.equal(self?.userId, process.getuid?.());
  assert.ok((self?.residentBytes ?? 0) > 10_000_000);
  const pids = processes.map(({ pid }) => pid);
  assert.deepEqual(
    pids,
    pids.toSorted((a, b) => a - b),
  );
});

test("a kernel thread has no memory of its own, and a name is only shown", () => {
  const status = "Name:\t\u001b[2Jx\nState:\tI (idle)\nPPid:\t2\nUid:\t0\t0\t0\t0\nThreads:\t1\n";
  assert.deepEqual(parseStatus(11, status), {
    pid: 11,
    parentPid: 2,
    name: "\\x1b[2Jx",
    state: "I",
    userId: 0,
    threads: 1,
  });
});
