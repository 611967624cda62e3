import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { displayWidth, printable } from "../output/text.ts";
import { countedCalls, syscallReport, timedCalls } from "../testing/syscall-reports.ts";
import { formatSyscallsTable } from "./syscalls-table.ts";

const SIZE = { columns: 80, rows: 40 };

test("80 columns", () => {
  assert.deepEqual(formatSyscallsTable(syscallReport(), undefined, SIZE), [
    "System calls for 10.0 s: 35,807 calls, 1,004 failed, 0 lost",
    "",
    "CALL            CALLS  ERRORS  MOSTLY   TOTAL    MEAN     MAX  512 ns…268 ms",
    "epoll_wait         40                  8.00 s  200 ms  200 ms           █",
    "read (32-bit)  34,567       1  EAGAIN   24 ms  700 ns  700 ns  █",
    "openat          1,200   1,003  ENOENT   14 ms   12 us  200 us    █ ▁",
    "",
    "PROCESS       CALLS  ERRORS   TOTAL  MOST TIME IN",
    "node (4242)  34,607       1  8.02 s  epoll_wait 8.00 s, read (32-bit) 24 ms",
    "ls (7)        1,200   1,003   14 ms  openat 14 ms",
    "",
    "Threads still inside a call: epoll_wait 3, nanosleep 1",
  ]);
});

test("60 columns have no room for the bars", () => {
  assert.deepEqual(formatSyscallsTable(syscallReport(), "make -j4", { columns: 60, rows: 40 }).slice(0, 9), [
    "System calls of make -j4 for 10.0 s:",
    "35,807 calls, 1,004 failed, 0 lost",
    "",
    "CALL           CALLS  ERRORS  MOSTLY   TOTAL    MEAN     MAX",
    "epoll_wait        40                  8.00 s  200 ms  200 ms",
    "read …2-bit)  34,567       1  EAGAIN   24 ms  700 ns  700 ns",
    "openat         1,200   1,003  ENOENT   14 ms   12 us  200 us",
    "",
    "PROCESS       CALLS  ERRORS   TOTAL  MOST TIME IN",
  ]);
});

test("120 columns have room for one bar for each power of two", () => {
  const [, , titles, wait, read, open] = formatSyscallsTable(syscallReport(), undefined, { columns: 120, rows: 40 });
  assert.equal(titles, "CALL            CALLS  ERRORS  MOSTLY   TOTAL    MEAN     MAX  512 ns…268 ms");
  assert.equal(wait, "epoll_wait         40                  8.00 s  200 ms  200 ms                    █");
  assert.equal(read, "read (32-bit)  34,567       1  EAGAIN   24 ms  700 ns  700 ns  █");
  assert.equal(open, "openat          1,200   1,003  ENOENT   14 ms   12 us  200 us      █▁  ▁");
});

test("without latencies there are counts alone", () => {
  const read = countedCalls("read", 1200, { EAGAIN: 7, EINTR: 8 });
  const open = countedCalls("openat", 3);
  const report = syscallReport({
    syscalls: [read, open],
    processes: [
      { process: { pid: 7, name: "cat" }, syscalls: [read] },
      { process: { pid: 8, name: "ls" }, syscalls: [open] },
    ],
  });
  assert.deepEqual(formatSyscallsTable(report, undefined, SIZE), [
    "System calls for 10.0 s: 1,203 calls, 15 failed, 0 lost",
    "",
    "CALL    CALLS  ERRORS  MOSTLY",
    "read    1,200      15  EINTR",
    "openat      3",
    "",
    "PROCESS  CALLS  ERRORS  MOST CALLS",
    "cat (7)  1,200      15  read 1,200",
    "ls (8)       3          openat 3",
  ]);
});

test("what never returns has no duration", () => {
  const exit = timedCalls("exit_group", 1, 1, { timedCalls: 0, totalNs: 0, maxNs: 0, histogramNs: [] });
  const report = syscallReport({ syscalls: [timedCalls("read", 1, 1000), exit], processes: [] });
  assert.deepEqual(formatSyscallsTable(report, undefined, { columns: 60, rows: 40 }).slice(2), [
    "CALL        CALLS  ERRORS  MOSTLY   TOTAL    MEAN     MAX",
    "read            1                  1.0 us  1.0 us  1.0 us",
    "exit_group      1",
  ]);
});

test("a single process has no table of processes", () => {
  const [process] = syscallReport().processes;
  assert.ok(process);
  const lines = formatSyscallsTable(syscallReport({ processes: [process] }), "process 4242", SIZE);
  assert.ok(!lines.some((line) => line.startsWith("PROCESS")));
});

test("a report without calls says so", () => {
  const nothing = { syscalls: [], processes: [] };
  assert.deepEqual(formatSyscallsTable(syscallReport(nothing), undefined, SIZE), [
    "System calls for 10.0 s: 0 calls, 0 failed, 0 lost",
    "",
    "No system call returned.",
  ]);
});

test("what was lost and what is incomplete is told by reason", () => {
  const report = syscallReport({
    lost: { recursion: 1200 },
    incomplete: { startNotSeen: 3, unattributed: 0, evicted: 1, childrenNotFollowed: 0 },
  });
  const lines = formatSyscallsTable(report, undefined, SIZE);
  assert.deepEqual(lines.slice(0, 2), [
    "System calls for 10.0 s: 35,807 calls, 1,004 failed, 1,200 lost",
    "lost: recursion 1,200",
  ]);
  assert.deepEqual(lines.slice(-3), [
    "incomplete:",
    "  3 counted without latency: their start was not seen",
    "  1 in the totals alone: too many processes ended",
  ]);
});

test("a table has no more lines than it may, and says how much it leaves out", () => {
  const syscalls = Array.from({ length: 100 }, (_, index) => timedCalls(`call_${index}`, 1, 1000));
  const processes = syscalls.map((statistics, index) => ({
    process: { pid: 1000 + index, name: "worker" },
    syscalls: [statistics],
  }));
  for (const rows of [14, 24, 50]) {
    const lines = formatSyscallsTable(syscallReport({ syscalls, processes }), undefined, { columns: 80, rows });
    assert.ok(lines.length <= rows, `${lines.length} of ${rows} lines`);
    const shown = lines.filter((line) => line.startsWith("call_")).length;
    assert.ok(lines.includes(`and ${100 - shown} more`));
  }
});

test("whatever processes call themselves, no line is too long and no control character gets out", () => {
  const name = fc.oneof(
    fc.string({ unit: "grapheme", minLength: 1, maxLength: 60 }),
    fc.constantFrom("\x1b[2J\x1b[31mroot", "\u202eevil", "日本語".repeat(20), "a\nb"),
  );
  fc.assert(
    fc.property(name, name, fc.integer({ min: 60, max: 200 }), (processName, subject, columns) => {
      const processes = [4_194_303, 7].map((pid) => ({
        process: { pid, name: processName },
        syscalls: syscallReport().syscalls,
      }));
      for (const line of formatSyscallsTable(syscallReport({ processes }), subject, { columns, rows: 40 })) {
        assert.equal(line, printable(line));
        assert.ok(displayWidth(line) <= columns, `${displayWidth(line)} columns: ${line}`);
      }
    }),
  );
});
