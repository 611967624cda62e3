import assert from "node:assert/strict";
import { test } from "node:test";
import { SyscallNames } from "./kernel-names.ts";
import { ProcessNames } from "./process-names.ts";
import { SyscallStore } from "./syscall-store.ts";
import type { CallSums } from "./syscall-table.ts";

const READ = 0;
const WRITE = 1;
const NO_LIMITS = { processes: 100, calls: 100 };

function store(limits: { processes: number; calls: number }, names: ProcessNames = new ProcessNames(10)): SyscallStore {
  return new SyscallStore(new SyscallNames("x64"), names, limits, true);
}

function sums(calls: number, totalNs: number, maxNs: number, bucket: number): CallSums {
  return { calls, totalNs, maxNs, histogram: [bucket, calls] };
}

/** Pids that no process has: /proc knows nothing of them. */
const FIRST_PID = 4_194_304;

function key(process: number, call: number): { pid: number; started: number; call: number } {
  return { pid: FIRST_PID + process, started: process, call };
}

test("rows of several CPUs add up by process and call, what took most time first", () => {
  const names = new ProcessNames(10);
  names.learn(key(1, READ), "reader");
  const calls = store(NO_LIMITS, names);
  calls.add(key(1, READ), sums(2, 10, 6, 2));
  calls.add(key(1, READ), sums(3, 90, 80, 6));
  calls.add(key(1, WRITE), sums(1, 500, 500, 8));
  calls.addErrors(key(1, READ), 4, 1);
  calls.addErrors(key(1, READ), 5, 3);
  calls.settle();
  const { syscalls, processes } = calls.take([key(1, READ)]);
  const read = {
    name: "read",
    compat: false,
    calls: 5,
    errors: { EIO: 3, EINTR: 1 },
    timedCalls: 5,
    totalNs: 100,
    maxNs: 80,
    histogramNs: [
      [4, 8, 2],
      [64, 128, 3],
    ],
    running: 1,
  };
  assert.deepEqual(syscalls[1], read);
  assert.equal(syscalls[0]?.name, "write");
  assert.deepEqual(processes, [{ process: { pid: FIRST_PID + 1, name: "reader" }, syscalls }]);
  assert.deepEqual(calls.take([]), { syscalls: [], processes: [], unattributed: 0, evicted: 0 });
});

test("one pid is another process when it started at another time", () => {
  const names = new ProcessNames(10);
  const [first, second] = [key(1, READ), { ...key(1, READ), started: 2 }];
  names.learn(first, "first");
  names.learn(second, "second");
  const calls = store(NO_LIMITS, names);
  calls.add(first, sums(1, 1, 1, 0));
  calls.add(second, sums(1, 2, 2, 1));
  const { processes } = calls.take([]);
  assert.deepEqual(
    processes.map(({ process }) => process.name),
    ["second", "first"],
  );
});

test("a process is called what its last program is called", () => {
  const names = new ProcessNames(10);
  const calls = store(NO_LIMITS, names);
  for (const name of ["sh", "ls"]) {
    names.learn(key(1, READ), name);
    calls.add(key(1, READ), sums(1, 1, 1, 0));
  }
  assert.deepEqual(
    calls.take([]).processes.map(({ process }) => process.name),
    ["ls"],
  );
});

test("what is beyond the limits is in the totals, and what had no call for longest goes first", () => {
  for (const limits of [
    { processes: 2, calls: 100 },
    { processes: 100, calls: 2 },
  ]) {
    const calls = store(limits);
    for (const process of [1, 2, 3, 1]) calls.add(key(process, READ), sums(process, process, process, 0));
    calls.settle();
    const { syscalls, processes, evicted } = calls.take([]);
    assert.equal(syscalls[0]?.calls, 7);
    assert.deepEqual(processes.map(({ process }) => process.pid - FIRST_PID).sort(), [1, 3]);
    assert.equal(evicted, 2);
  }
});

test("calls of no process are in the totals, with errors that have no name", () => {
  const calls = store(NO_LIMITS);
  calls.add(key(1, READ), sums(2, 2, 1, 0));
  calls.addUnattributed(READ, 5, 3);
  const { syscalls, processes, unattributed } = calls.take([]);
  assert.deepEqual([syscalls[0]?.calls, syscalls[0]?.timedCalls, syscalls[0]?.errors], [7, 2, { unknown: 3 }]);
  assert.equal(processes[0]?.syscalls[0]?.calls, 2);
  assert.equal(unattributed, 5);
});
