import assert from "node:assert/strict";
import { test } from "node:test";
import { countedCalls, syscallReport, timedCalls } from "../testing/syscall-reports.ts";
import { addSyscallReports } from "./add-syscall-reports.ts";

const quiet = { syscalls: [], processes: [] };

test("numbers add up, the maximum is the larger one, who is inside a call is known of the second time alone", () => {
  const first = timedCalls("read", 2, 1000, { errors: { EAGAIN: 1 }, maxNs: 9000, running: 5 });
  const second = timedCalls("read", 3, 3000, { errors: { EAGAIN: 1, EIO: 1 }, running: 1 });
  const { syscalls } = addSyscallReports(
    syscallReport({ ...quiet, syscalls: [first] }),
    syscallReport({ ...quiet, syscalls: [second] }),
  );
  assert.deepEqual(syscalls, [
    {
      name: "read",
      compat: false,
      calls: 5,
      errors: { EAGAIN: 2, EIO: 1 },
      timedCalls: 5,
      totalNs: 11_000,
      maxNs: 9000,
      histogramNs: [
        [512, 1024, 2],
        [2048, 4096, 3],
      ],
      running: 1,
    },
  ]);
});

test("a call of one time alone stays as it was, but nobody is inside it any more", () => {
  const before = timedCalls("read", 2, 1000, { running: 5 });
  const [read, , ...others] = addSyscallReports(
    syscallReport({ ...quiet, syscalls: [before] }),
    syscallReport({ ...quiet, syscalls: [timedCalls("openat", 1, 100)] }),
  ).syscalls;
  assert.deepEqual(read, { ...before, running: 0 });
  assert.deepEqual(others, []);
});

test("a call of 32 bits is another one, and so is a process with another name", () => {
  const read = countedCalls("read", 1);
  const compat = { ...read, compat: true };
  const sum = addSyscallReports(
    syscallReport({ syscalls: [read], processes: [{ process: { pid: 7, name: "sh" }, syscalls: [read] }] }),
    syscallReport({
      syscalls: [compat],
      processes: [
        { process: { pid: 7, name: "ls" }, syscalls: [compat] },
        { process: { pid: 7, name: "sh" }, syscalls: [read] },
      ],
    }),
  );
  assert.deepEqual(sum.syscalls, [read, compat]);
  assert.deepEqual(sum.processes, [
    { process: { pid: 7, name: "sh" }, syscalls: [{ ...read, calls: 2 }] },
    { process: { pid: 7, name: "ls" }, syscalls: [compat] },
  ]);
});

test("losses and durations add up", () => {
  const report = syscallReport({ ...quiet, lost: { recursion: 3 } });
  const sum = addSyscallReports(report, report);
  assert.deepEqual(sum.lost, { recursion: 6 });
  assert.equal(sum.durationNs, 20_000_000_000);
  assert.equal(sum.timeUnixNs, report.timeUnixNs);
});

test("of more processes than are remembered, the least busy ones go", () => {
  const processes = Array.from({ length: 5000 }, (_, index) => ({
    process: { pid: 1 + index, name: "worker" },
    syscalls: [countedCalls("read", 1 + index)],
  }));
  const sum = addSyscallReports(syscallReport({ ...quiet, processes }), syscallReport(quiet));
  assert.equal(sum.processes.length, 4096);
  assert.equal(sum.processes[0]?.process.pid, 5000);
  assert.equal(sum.processes.at(-1)?.process.pid, 5000 - 4095);
});
