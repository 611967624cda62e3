/** The tracer against strace and perf on the same run, and against what its workloads know of themselves. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import type { SyscallReport } from "./syscall-report.ts";
import { SyscallTracer } from "./syscall-tracer.ts";
import type { SyscallTracerOptions } from "./syscall-tracer-options.ts";
import { compileProgram, held } from "./testing/programs.ts";
import { Strace, type StraceCounts } from "./testing/strace.ts";

/** Our numbers in the shape of strace's. */
function countsOf({ syscalls }: SyscallReport): StraceCounts {
  return Object.fromEntries(syscalls.map(({ name, calls, errors }) => [name, { calls, errors }]));
}

const knownCalls = compileProgram("known-calls.c");
const threads = compileProgram("threads.c");
const vforks = compileProgram("vfork.c");

for (const [what, command, ...args] of [
  ["a program with known numbers", knownCalls],
  ["a pipeline of a shell", "/bin/sh", "-c", "ls -l /usr/bin /nonexistent 2>&1 | sort | head -5 | wc -l; exit 3"],
  ["threads at the same time", threads, "24", "8", "100"],
  ["children by vfork and exec", vforks, "20"],
] as const) {
  for (const latencies of [true, false]) {
    test(`${what}: each call and each error as often as strace saw it, ${latencies ? "timed" : "counted"}`, async () => {
      await using program = held(command, ...args);
      await program.ready;
      await using strace = await Strace.attach(program.pid);
      await using tracer = await SyscallTracer.start({ pids: [program.pid], latencies });
      program.release();
      await tracer.exited;
      tracer.stop();
      const report = await tracer.snapshot();
      const { log, summary } = await strace.finish();
      const ours = countsOf(report);
      assert.deepEqual(ours, log);
      // Its summary knows nothing of calls that don't return, and of those that don't exist.
      for (const [name, { calls, errors }] of Object.entries(summary)) {
        assert.equal(ours[name]?.calls, calls, name);
        const failed = Object.values(ours[name]?.errors ?? {}).reduce((sum, count) => sum + count, 0);
        assert.equal(failed, errors["all"], name);
      }
      assert.ok(Object.keys(summary).length > 10);
      assert.deepEqual(report.lost, { recursion: 0 });
    });
  }
}

/** Runs a program to its end, from its exec on. */
async function trace(command: string, args: readonly string[], options: SyscallTracerOptions = {}) {
  await using program = held(command, ...args);
  await program.ready;
  await using tracer = await SyscallTracer.start({ ...options, pids: [program.pid], startOnExec: true });
  program.release();
  await tracer.exited;
  tracer.stop();
  return { report: await tracer.snapshot(), lastLine: await program.lastLine, pid: program.pid };
}

for (const latencies of [true, false]) {
  test(`a program's own numbers are ours, ${latencies ? "timed" : "counted"}`, async () => {
    const { report } = await trace(knownCalls, [], { latencies });
    const ours = countsOf(report);
    for (const [name, calls, errors] of [
      ["getppid", 1000, {}],
      ["rt_sigreturn", 7, {}],
      ["execveat", 6, { ENOTDIR: 3 }],
      // The program itself; what it executes in turn are calls of execveat.
      ["execve", 1, {}],
      ["clone", 3, {}],
      ["exit_group", 4, {}],
      ["syscall_900", 4, { ENOSYS: 4 }],
      ["unknown", 5, { ENOSYS: 5 }],
    ] as const) {
      assert.deepEqual(ours[name], { calls, errors }, name);
    }
    // Its loader makes some of these, too.
    assert.equal(ours["openat"]?.errors["ENOTDIR"], 5);
    assert.equal(ours["pread64"]?.errors["EBADF"], 20);
    assert.deepEqual(report.incomplete, { startNotSeen: 0, unattributed: 0, evicted: 0, childrenNotFollowed: 0 });
    for (const { calls, timedCalls, name } of report.syscalls) {
      const neverReturns = name === "exit_group";
      assert.equal(timedCalls, latencies ? (neverReturns ? 0 : calls) : undefined, name);
    }
  });

  test(`all calls together are those that perf sees start, and the first execve, ${latencies ? "timed" : "counted"}`, async () => {
    const { report } = await trace(knownCalls, [], { latencies });
    const perf = spawnSync("perf", ["stat", "-x,", "-e", "raw_syscalls:sys_enter", "--", knownCalls], {
      encoding: "utf8",
    });
    const started = Number(/^(\d+),.*raw_syscalls:sys_enter/m.exec(perf.stderr)?.[1]);
    // perf begins when the program does, which is inside the execve that starts it.
    const firstExecve = 1;
    const ours = report.syscalls.reduce((sum, { calls }) => sum + calls, 0);
    assert.equal(ours, started + firstExecve, perf.stderr);
  });

  test(`10,000 short threads lose nothing, ${latencies ? "timed" : "counted"}`, async () => {
    const { report } = await trace(threads, ["10000", "20", "10"], { latencies });
    const ours = countsOf(report);
    assert.equal(ours["getppid"]?.calls, 100_000);
    assert.equal(ours["exit"]?.calls, 10_000);
    assert.equal((ours["clone3"]?.calls ?? 0) + (ours["clone"]?.calls ?? 0), 10_000);
    assert.equal(report.processes.length, 1);
    assert.deepEqual(report.lost, { recursion: 0 });
  });
}

test("an exec of a thread that becomes the first one by it counts once, and is timed", async () => {
  for (const latencies of [true, false]) {
    const { report } = await trace(compileProgram("thread-exec.c"), [], { latencies });
    const execve = report.syscalls.find(({ name }) => name === "execve");
    // The one that starts the program, and its own.
    assert.deepEqual([execve?.calls, execve?.timedCalls], [2, latencies ? 2 : undefined]);
    assert.equal(report.incomplete.startNotSeen, 0);
    assert.equal(report.processes.length, 1);
    assert.equal(report.processes[0]?.process.name, "true");
    assert.ok(report.syscalls.every(({ running = 0 }) => running === 0));
  }
});

test("100 times 10 ms of sleep take what they took by the program's own clock", async () => {
  const { report, lastLine } = await trace(compileProgram("sleeps.c"), []);
  const sleep = report.syscalls.find(({ name }) => name === "nanosleep");
  assert.ok(sleep?.totalNs !== undefined && sleep.maxNs !== undefined && sleep.histogramNs !== undefined);
  assert.equal(sleep.timedCalls, 100);
  const slept = Number(lastLine);
  assert.ok(Math.abs(sleep.totalNs / slept - 1) < 0.03, `${sleep.totalNs} ns of ${slept} ns`);
  assert.ok(sleep.totalNs >= 1e9 && sleep.maxNs >= 1e7 && sleep.maxNs <= slept);
  // 10 ms lie between 2^23 and 2^24 ns; whatever else runs can make a sleep longer, never shorter.
  const [first] = sleep.histogramNs;
  assert.deepEqual(first?.slice(0, 2), [2 ** 23, 2 ** 24]);
  assert.ok((first?.[2] ?? 0) > 50, JSON.stringify(sleep.histogramNs));
});
