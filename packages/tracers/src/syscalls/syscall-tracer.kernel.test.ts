import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { cgroupMounts } from "../filters/cgroup.ts";
import { Workload } from "../profiling/testing/workload.ts";
import { tracepointsArePreemptible } from "../syscall-forms.ts";
import type { SyscallReport, SyscallStatistics } from "./syscall-report.ts";
import { SyscallTracer } from "./syscall-tracer.ts";
import { compatProgram } from "./testing/compat-program.ts";
import { held, programPath } from "./testing/programs.ts";

/** What one line of input makes testing/calls.mjs do. */
const onePass: readonly (readonly [name: string, calls: number, errors: Readonly<Record<string, number>>])[] = [
  ["pread64", 200, {}],
  ["mkdir", 50, { EEXIST: 50 }],
  ["fsync", 20, { EBADF: 20 }],
];

const modes = [true, false].map((latencies) => ({ latencies, mode: latencies ? "timed" : "counted" }));

function calls(): Workload {
  return new Workload(process.execPath, [programPath("calls.mjs")]);
}

function find(syscalls: readonly SyscallStatistics[], name: string): SyscallStatistics | undefined {
  return syscalls.find((call) => call.name === name && !call.compat);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function callsOf(syscalls: readonly SyscallStatistics[]): number {
  return sum(syscalls.map(({ calls: count }) => count));
}

function assertPasses(syscalls: readonly SyscallStatistics[], passes: number): void {
  for (const [name, count, errors] of onePass) {
    const found = find(syscalls, name);
    assert.equal(found?.calls, passes * count, name);
    const expected = Object.entries(errors).map(([error, failures]) => [error, passes * failures]);
    assert.deepEqual(found?.errors, Object.fromEntries(expected), name);
  }
}

/** Lets it make its calls, and waits until it has. */
async function pass(program: Workload): Promise<void> {
  const done = program.nextLine();
  program.release();
  await done;
}

for (const { latencies, mode } of modes) {
  test(`each call counts once, by process and in all, ${mode}`, async () => {
    await using program = calls();
    await program.ready;
    await using tracer = await SyscallTracer.start({ latencies });
    for (let i = 0; i < 5; i++) await pass(program);
    tracer.stop();
    const report = await tracer.snapshot();
    const own = report.processes.find(({ process }) => process.pid === program.pid);
    assert.ok(own !== undefined);
    assertPasses(own.syscalls, 5);
    assert.equal(own.process.name, "node");
    assert.equal(own.process.executablePath, process.execPath);
    for (const { name, compat, calls: count } of report.syscalls) {
      const ofProcesses = report.processes
        .flatMap(({ syscalls }) => syscalls)
        .filter((call) => call.name === name && call.compat === compat);
      assert.equal(callsOf(ofProcesses), count, name);
    }
    assert.deepEqual(report.lost, { recursion: 0 });
  });

  test(`snapshots cover one stretch of time each, and nothing twice, ${mode}`, async () => {
    await using program = calls();
    await program.ready;
    await using tracer = await SyscallTracer.start({ pids: [program.pid], latencies });
    const reports: SyscallReport[] = [];
    for (const passes of [1, 0, 2]) {
      for (let i = 0; i < passes; i++) await pass(program);
      reports.push(await tracer.snapshot());
    }
    assert.deepEqual(
      reports.map(({ syscalls }) => find(syscalls, "pread64")?.calls ?? 0),
      [200, 0, 400],
    );
    assert.ok(reports.every(({ durationNs }) => durationNs > 0));
  });

  test(`what finds no room in the tables is in the totals all the same, ${mode}`, async () => {
    await using program = calls();
    await program.ready;
    // One slot on each CPU, and then a table that is full at once.
    const tableSizes = { frontBits: 0, rows: 2, fillingRows: 1_000_000 };
    await using tracer = await SyscallTracer.start({ pids: [program.pid], latencies, tableSizes });
    for (let i = 0; i < 5; i++) await pass(program);
    tracer.stop();
    const { syscalls, processes, incomplete } = await tracer.snapshot();
    assert.ok(incomplete.unattributed > 0);
    assert.equal(callsOf(processes.flatMap((entry) => entry.syscalls)) + incomplete.unattributed, callsOf(syscalls));
    for (const [name, count, errors] of onePass) {
      const found = find(syscalls, name);
      assert.equal(found?.calls, 5 * count, name);
      assert.equal(sum(Object.values(found?.errors ?? {})), 5 * sum(Object.values(errors)), name);
    }
  });

  test(`tables that fill up are read before they are full, ${mode}`, async () => {
    // Some 30 rows each. It rests, so that the reader is not late where one slow CPU has to do for both.
    const program = "i=0; while [ $i -lt 40 ]; do /bin/true; /bin/true; /bin/true; sleep 0.1; i=$((i+1)); done; exit 0";
    await using shell = held("/bin/sh", "-c", program);
    await shell.ready;
    const tableSizes = { frontBits: 0, rows: 1024, fillingRows: 64 };
    await using tracer = await SyscallTracer.start({ pids: [shell.pid], latencies, tableSizes, startOnExec: true });
    shell.release();
    await tracer.exited;
    const { processes, syscalls, incomplete } = await tracer.snapshot();
    assert.equal(incomplete.unattributed, 0);
    assert.ok(sum(processes.map((entry) => entry.syscalls.length)) > 1024, "more than there is room for at once");
    assert.equal(find(syscalls, "exit_group")?.calls, 161);
  });

  test(`only the calls that were asked for are counted, ${mode}`, async () => {
    await using program = calls();
    await program.ready;
    await using tracer = await SyscallTracer.start({ pids: [program.pid], latencies, calls: ["fsync", "exit_group"] });
    await pass(program);
    process.kill(program.pid, "SIGTERM");
    await tracer.exited;
    const { syscalls } = await tracer.snapshot();
    assert.deepEqual(
      syscalls.map(({ name, calls: count }) => [name, count]),
      [["fsync", 20]],
    );
  });

  test(`a return from a signal handler is a call, ${mode}`, async () => {
    await using program = calls();
    await program.ready;
    await using tracer = await SyscallTracer.start({ pids: [program.pid], latencies });
    for (let i = 0; i < 10; i++) {
      const handled = program.nextLine();
      process.kill(program.pid, "SIGUSR1");
      await handled;
    }
    tracer.stop();
    const { syscalls } = await tracer.snapshot();
    assert.equal(find(syscalls, "rt_sigreturn")?.calls, 10);
    assert.equal(find(syscalls, "unknown"), undefined);
  });

  test(`a call that a kill interrupts counts once, and no call of exit that was not made, ${mode}`, async () => {
    await using program = held("/bin/cat");
    await program.ready;
    await using tracer = await SyscallTracer.start({ pids: [program.pid], latencies });
    program.release();
    await untilReading(program.pid, "cat");
    await tracer.snapshot();
    process.kill(program.pid, "SIGKILL");
    await tracer.exited;
    const { syscalls } = await tracer.snapshot();
    assert.deepEqual(
      syscalls.map(({ name, calls: count, errors }) => [name, count, errors]),
      [["read", 1, { ERESTARTSYS: 1 }]],
    );
  });

  test(`of short processes each shows with its name and its end, ${mode}`, async () => {
    await using program = held(
      "/bin/sh",
      "-c",
      "for i in 1 2 3 4 5 6 7 8 9 10; do /bin/true; /bin/false; done; exit 0",
    );
    await program.ready;
    await using tracer = await SyscallTracer.start({ pids: [program.pid], latencies, startOnExec: true });
    program.release();
    await tracer.exited;
    const { processes, syscalls } = await tracer.snapshot();
    assert.deepEqual(countNames(processes.map(({ process }) => process.name)), { sh: 1, true: 10, false: 10 });
    assert.equal(find(syscalls, "execve")?.calls, 21);
    assert.equal(find(syscalls, "exit_group")?.calls, 21);
  });

  test(`32-bit calls are told apart from 64-bit ones with the same number, ${mode}`, async (context) => {
    const compat = compatProgram();
    if (compat === undefined) return context.skip("this kernel takes no 32-bit calls");
    await using program = held(compat);
    await program.ready;
    await using tracer = await SyscallTracer.start({ pids: [program.pid], latencies, startOnExec: true });
    program.release();
    await tracer.exited;
    const { syscalls } = await tracer.snapshot();
    const found = syscalls.map(({ name, compat: is32, calls: count, errors }) => [name, is32, count, errors]);
    const byCalls = found.sort(([, , a], [, , b]) => Number(b) - Number(a));
    assert.deepEqual(byCalls.slice(0, 2), [
      ["getpid", true, 100, {}],
      ["close", true, 10, { EBADF: 10 }],
    ]);
    assert.deepEqual(Object.fromEntries(byCalls.slice(2).map(([name, is32]) => [name, is32])), {
      execve: false,
      exit: false,
    });
  });
}

test("a thread that is inside a call shows as running, and as a call when it is back", async () => {
  await using program = held("/bin/cat");
  await program.ready;
  await using tracer = await SyscallTracer.start({ pids: [program.pid], calls: ["read"] });
  program.release();
  await untilReading(program.pid, "cat");
  const { syscalls, processes } = await tracer.snapshot();
  assert.equal(find(syscalls, "read")?.running, 1);
  assert.equal(processes[0]?.process.name, "cat");
  program.release();
  for (let calls = 0; calls === 0; calls = find((await tracer.snapshot()).syscalls, "read")?.calls ?? 0) {
    await setTimeout(20);
  }
  process.kill(program.pid, "SIGKILL");
  await tracer.exited;
  assert.equal(find((await tracer.snapshot()).syscalls, "read")?.running, 0);
});

test("durations add up to the total, and lie in their buckets", async () => {
  await using program = held("/bin/sh", "-c", "for i in 1 2 3 4 5; do /bin/sleep 0.02; done");
  await program.ready;
  await using tracer = await SyscallTracer.start({ pids: [program.pid], startOnExec: true });
  program.release();
  await tracer.exited;
  const { syscalls, incomplete } = await tracer.snapshot();
  const sleeps = syscalls.find(({ name }) => /nanosleep/.test(name));
  assert.equal(sleeps?.calls, 5);
  let untimed = 0;
  for (const { name, calls: count, timedCalls = 0, totalNs = 0, maxNs = 0, histogramNs = [] } of syscalls) {
    assert.equal(sum(histogramNs.map(([, , inBucket]) => inBucket)), timedCalls, name);
    if (name !== "exit_group") untimed += count - timedCalls;
    else assert.equal(timedCalls, 0, name);
    const lowest = sum(histogramNs.map(([low, , inBucket]) => low * inBucket));
    const highest = sum(histogramNs.map(([, high, inBucket]) => high * inBucket));
    assert.ok(lowest <= totalNs && totalNs <= highest, name);
    const [low = 0, high = 1] = histogramNs.at(-1) ?? [];
    assert.ok(timedCalls === 0 || (low <= maxNs && maxNs < high), name);
    if (name === sleeps.name) assert.ok(totalNs >= timedCalls * 20e6);
  }
  assert.equal(untimed, incomplete.startNotSeen);
  // One may begin while this process is preempted inside bpf(2): see kernel/syscall-program.h.
  assert.ok(untimed <= (tracepointsArePreemptible() ? 3 : 0), `${untimed} have no duration`);
});

test("only the chosen processes are counted, with the children that they start if these are wanted", async () => {
  for (const followChildren of [true, false]) {
    await using parent = held("/bin/sh", "-c", "/bin/true; /bin/true; exit 0");
    await using stranger = calls();
    await Promise.all([parent.ready, stranger.ready]);
    await using tracer = await SyscallTracer.start({ pids: [parent.pid], followChildren });
    parent.release();
    await pass(stranger);
    await tracer.exited;
    const { processes } = await tracer.snapshot();
    const names = countNames(processes.map(({ process }) => process.name));
    assert.deepEqual(names, followChildren ? { sh: 1, true: 2 } : { sh: 1 });
  }
});

test("a cgroup is taken with all below it, and nothing beside it", async (context) => {
  const [mount] = cgroupMounts(readFileSync("/proc/self/mountinfo", "utf8"));
  if (mount === undefined) return context.skip("no cgroup2 mounted");
  const outer = join(mount.mountPoint, `skep-syscalls-${process.pid}`);
  const inner = join(outer, "inner");
  mkdirSync(inner, { recursive: true });
  context.after(() => {
    rmdirSync(inner);
    rmdirSync(outer);
  });
  await using inside = calls();
  await using outside = calls();
  await Promise.all([inside.ready, outside.ready]);
  writeFileSync(join(inner, "cgroup.procs"), String(inside.pid));
  await using tracer = await SyscallTracer.start({ cgroupPath: outer });
  await Promise.all([pass(inside), pass(outside)]);
  tracer.stop();
  const { processes } = await tracer.snapshot();
  assert.deepEqual(
    processes.map(({ process }) => process.pid),
    [inside.pid],
  );
  assertPasses(processes[0]?.syscalls ?? [], 1);
});

test("of too many processes the ones without a call for longest go, and their calls stay in the totals", async () => {
  await using program = held("/bin/sh", "-c", "for i in 1 2 3 4 5 6 7 8 9 10; do /bin/true; done; exit 0");
  await program.ready;
  await using tracer = await SyscallTracer.start({ pids: [program.pid], startOnExec: true, limits: { processes: 3 } });
  program.release();
  await tracer.exited;
  const { processes, syscalls, incomplete } = await tracer.snapshot();
  assert.equal(processes.length, 3);
  assert.equal(find(syscalls, "exit_group")?.calls, 11);
  assert.equal(callsOf(processes.flatMap((entry) => entry.syscalls)) + incomplete.evicted, callsOf(syscalls));
});

test("options out of range are refused with what to do", async () => {
  for (const [options, message, hint] of [
    [{ calls: ["opnat"] }, 'there is no system call "opnat"', /openat/],
    [{ calls: ["read", "xyzzy"] }, 'there is no system call "xyzzy"', /as strace prints them/],
    [{ pids: [4_194_304] }, "there is no process 4194304", /ps -e/],
    [{ cgroupPath: "/proc" }, '"/proc" is not a cgroup of the v2 hierarchy', /find/],
  ] as const) {
    await assert.rejects(SyscallTracer.start(options), { message, hint });
  }
});

function countNames(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

/** Waits until a program runs under this name, and waits for input. */
async function untilReading(pid: number, name: string): Promise<void> {
  for (;;) {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    if (stat.startsWith(`${pid} (${name}) S`)) return;
    await setTimeout(10);
  }
}
