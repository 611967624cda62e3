import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { cgroupMounts } from "../filters/cgroup.ts";
import { CpuProfiler } from "./cpu-profiler.ts";
import type { CpuProfile } from "./profile.ts";
import { countWhere, leafShares, nanosecondsWhere, onStack } from "./testing/profile-queries.ts";
import { NAMED_FUNCTIONS, Workload, workloadPath } from "./testing/workload.ts";

const FOREVER = 1_000_000;

/** A program that burns CPU time for so many seconds of it. */
function burn(seconds: number, ...flags: string[]): Workload {
  return new Workload(process.execPath, [...flags, workloadPath("burn.mjs"), String(seconds)]);
}

function sleep(times: number, milliseconds: number): Workload {
  return new Workload(process.execPath, [workloadPath("sleep.mjs"), String(times), String(milliseconds)]);
}

function lostSamples({ lost }: CpuProfile): number {
  return Object.values(lost).reduce((sum, count) => sum + count, 0);
}

/** Waits until so many samples were seen, however slow the machine is. */
async function untilSeen(profiler: CpuProfiler, samples: number): Promise<void> {
  while (profiler.seen < samples) await setTimeout(50);
}

test("JavaScript functions show by name, with file and line", async () => {
  await using program = burn(FOREVER, ...NAMED_FUNCTIONS);
  await program.ready;
  await using profiler = await CpuProfiler.start({ pids: [program.pid], frequencyHz: 499 });
  // The interpreter runs them first, and on a slow machine for long; it is not known to the perf map.
  let profile = await profiler.snapshot();
  const named = { burnSeventy: 0, burnThirty: 0 };
  const count = (): void => {
    named.burnSeventy += countWhere(profile, onStack("burnSeventy"));
    named.burnThirty += countWhere(profile, onStack("burnThirty"));
  };
  for (count(); named.burnSeventy === 0 || named.burnThirty === 0; count()) {
    await setTimeout(100);
    profile = await profiler.snapshot();
  }
  named.burnSeventy = 0;
  named.burnThirty = 0;
  while (named.burnSeventy + named.burnThirty < 100) {
    await setTimeout(100);
    profile = await profiler.snapshot();
    count();
    for (const { name, kind, file } of profile.samples.flatMap(({ stack }) => stack)) {
      if (name === "burnThirty") assert.deepEqual([kind, file?.replace(/.*\//, "")], ["jit", "burn.mjs"]);
    }
  }
  assert.ok(named.burnThirty > 0 && named.burnSeventy > named.burnThirty, JSON.stringify(named));
});

test("what the kernel saw is what the profile holds and what was lost", async () => {
  await using program = burn(FOREVER);
  await program.ready;
  // Tables so small that they fill up between two reads.
  for (const tableSizes of [{}, { counts: 4 }, { stacks: 8 }]) {
    await using profiler = await CpuProfiler.start({ frequencyHz: 999, tableSizes });
    await untilSeen(profiler, 300);
    profiler.stop();
    const profile = await profiler.snapshot();
    assert.equal(profile.sampleCount + lostSamples(profile), profiler.seen, JSON.stringify([tableSizes, profile.lost]));
    if ("counts" in tableSizes) assert.ok(profile.lost.countsFull > 0);
    if ("stacks" in tableSizes) assert.ok(profile.lost.stacksFull > 0);
  }
});

test("snapshots cover one stretch of time each, and nothing twice", async () => {
  await using program = burn(FOREVER);
  await program.ready;
  const beforeNs = process.hrtime.bigint();
  await using profiler = await CpuProfiler.start({ pids: [program.pid], frequencyHz: 499 });
  const startedNs = process.hrtime.bigint();
  const profiles: CpuProfile[] = [];
  for (let i = 1; i <= 5; i++) {
    await untilSeen(profiler, i * 50);
    profiles.push(await profiler.snapshot());
  }
  const stoppingNs = process.hrtime.bigint();
  profiler.stop();
  const afterNs = process.hrtime.bigint();
  profiles.push(await profiler.snapshot());
  const sum = (value: (profile: CpuProfile) => number): number =>
    profiles.reduce((total, profile) => total + value(profile), 0);
  assert.equal(sum(({ sampleCount }) => sampleCount) + sum(lostSamples), profiler.seen);
  const durationNs = sum((profile) => profile.durationNs);
  assert.ok(durationNs >= Number(stoppingNs - startedNs) && durationNs <= Number(afterNs - beforeNs));
});

test("only the chosen processes are counted, with the children that they start", async () => {
  const child = JSON.stringify([workloadPath("burn.mjs"), "0.5"]);
  const script = `
    const { spawn } = require("node:child_process");
    process.stdin.once("data", () => spawn(process.execPath, ${child}).once("close", () => process.exit()));
  `;
  await using parent = new Workload(process.execPath, ["-e", script]);
  await using stranger = burn(FOREVER);
  await stranger.ready;
  await using profiler = await CpuProfiler.start({ pids: [parent.pid], frequencyHz: 499 });
  parent.release();
  await profiler.exited;
  const profile = await profiler.snapshot();
  const pids = new Set(profile.samples.map(({ process }) => process.pid));
  assert.ok(!pids.has(stranger.pid), "the stranger is not in it");
  assert.ok(
    Array.from(pids).some((pid) => pid !== parent.pid),
    "the child is in it",
  );
});

test("a process that waits to be started counts from its exec on, under its new name", async () => {
  const script = 'read -r _; exec "$0" "$1" 0.5';
  await using waiting = new Workload("/bin/sh", ["-c", script, process.execPath, workloadPath("burn.mjs")]);
  await using profiler = await CpuProfiler.start({ pids: [waiting.pid], startOnExec: true, frequencyHz: 999 });
  waiting.release();
  await profiler.exited;
  const profile = await profiler.snapshot();
  assert.ok(profile.sampleCount > 0);
  for (const { process } of profile.samples) {
    assert.equal(process.pid, waiting.pid);
    assert.notEqual(process.name, "sh");
  }
});

test("a cgroup counts what runs in it and below it", async (context) => {
  const [mount] = cgroupMounts(readFileSync("/proc/self/mountinfo", "utf8"));
  assert.ok(mount !== undefined, "cgroup2 is mounted");
  const cgroup = join(mount.mountPoint, `skep-test-${process.pid}`);
  const inner = join(cgroup, "inner");
  mkdirSync(inner, { recursive: true });
  context.after(() => {
    rmdirSync(inner);
    rmdirSync(cgroup);
  });
  for (const mode of ["on-cpu", "off-cpu"] as const) {
    const start = (): Workload => (mode === "on-cpu" ? burn(FOREVER) : sleep(FOREVER, 1));
    await using inside = start();
    await using outside = start();
    await Promise.all([inside.ready, outside.ready]);
    writeFileSync(join(inner, "cgroup.procs"), String(inside.pid));
    await using profiler = await CpuProfiler.start({ cgroupPath: cgroup, mode });
    await untilSeen(profiler, 20);
    profiler.stop();
    const profile = await profiler.snapshot();
    assert.ok(profile.sampleCount > 0, mode);
    for (const { process } of profile.samples) assert.equal(process.pid, inside.pid, mode);
  }
});

test("the idle task is left out, and the kernel's own functions are in", async () => {
  await using profiler = await CpuProfiler.start({ frequencyHz: 499 });
  while (profiler.seen < 200) readFileSync("/proc/self/smaps");
  profiler.stop();
  const profile = await profiler.snapshot();
  assert.equal(profile.cpuCount, availableParallelism());
  assert.ok(profile.samples.every(({ process }) => process.pid !== 0));
  const own = profile.samples.filter(({ process: { pid } }) => pid === process.pid);
  assert.ok(own.some(({ stack }) => stack.some(({ kind, name }) => kind === "kernel" && /smap/.test(name))));
});

/** Nanoseconds that a process's first thread has run: the first field of schedstat. */
function ranNs(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/schedstat`, "latin1").split(" ")[0]);
}

test("a thread is off the CPU whenever it is not on it", async () => {
  await using program = sleep(FOREVER, 5);
  await program.ready;
  // Stopped while either clock starts or ends, it is seen by both for the same time.
  process.kill(program.pid, "SIGSTOP");
  await setTimeout(200);
  const before = ranNs(program.pid);
  await using profiler = await CpuProfiler.start({ mode: "off-cpu", pids: [program.pid] });
  process.kill(program.pid, "SIGCONT");
  await untilSeen(profiler, 200);
  process.kill(program.pid, "SIGSTOP");
  await setTimeout(200);
  profiler.stop();
  const ran = ranNs(program.pid) - before;
  const profile = await profiler.snapshot();
  const waited = nanosecondsWhere(profile, ({ threadId }) => threadId === program.pid);
  // The scheduler reads its clock before it comes to the tracepoint: a microsecond, or 200 of them in an emulated machine.
  const difference = (waited + ran) / profile.durationNs - 1;
  assert.ok(Math.abs(difference) < 0.03, `${waited} ns off, ${ran} ns on, of ${profile.durationNs} ns`);
});

test("a thread that is blocked from before the start until after the end is blocked for the whole run", async () => {
  await using program = sleep(1, 1_000_000);
  await program.ready;
  await setTimeout(500);
  // Nothing can wake it now.
  process.kill(program.pid, "SIGSTOP");
  await setTimeout(200);
  await using profiler = await CpuProfiler.start({ mode: "off-cpu", pids: [program.pid] });
  const blockedBefore: number[] = [];
  for (let i = 0; i < 3; i++) {
    await setTimeout(300);
    if (i === 2) profiler.stop();
    const profile = await profiler.snapshot();
    const ofMainThread = nanosecondsWhere(profile, ({ threadId }) => threadId === program.pid);
    assert.equal(ofMainThread, profile.durationNs);
    blockedBefore.push(profile.incomplete.blockedBeforeStart);
  }
  assert.ok((blockedBefore[0] ?? 0) >= 1);
  assert.deepEqual(blockedBefore.slice(1), [0, 0]);
});

test("a CPU that was unplugged and plugged in again is sampled again", async (context) => {
  const control = "/sys/devices/system/cpu/cpu1/online";
  if (!existsSync(control)) return context.skip("cpu1 cannot be unplugged here");
  await using profiler = await CpuProfiler.start({ frequencyHz: 499 });
  context.after(() => writeFileSync(control, "1"));
  for (const [online, cpuCount] of [
    ["0", 1],
    ["1", 2],
  ] as const) {
    writeFileSync(control, online);
    while ((await profiler.snapshot()).cpuCount !== cpuCount) await setTimeout(200);
  }
  // It can only be seen on the CPU that came back.
  await using program = new Workload("taskset", ["2", process.execPath, workloadPath("burn.mjs"), String(FOREVER)]);
  await program.ready;
  for (let seen = 0; seen === 0; ) {
    await setTimeout(200);
    seen = countWhere(await profiler.snapshot(), ({ process }) => process.pid === program.pid);
  }
});

test("a process that has gone by the time it is looked up is counted and not guessed", async () => {
  await using profiler = await CpuProfiler.start({ frequencyHz: 4999 });
  for (let i = 0; i < 50; i++) {
    await using program = new Workload("/bin/true", []);
    await program.lastLine;
  }
  const profile = await profiler.snapshot();
  assert.equal(profile.incomplete.exited, countWhere(profile, onStack("[exited]")));
  for (const [name] of leafShares(profile)) assert.notEqual(name, "");
});

test("at another frequency each sample stands for the time of that, and nothing is lost in between", async () => {
  await using program = burn(FOREVER);
  await program.ready;
  await using profiler = await CpuProfiler.start({ pids: [program.pid], frequencyHz: 499 });
  await untilSeen(profiler, 100);
  const before = await profiler.changeFrequency(49);
  assert.deepEqual([before.frequencyHz, profiler.frequencyHz], [499, 49]);
  await untilSeen(profiler, before.sampleCount + 20);
  profiler.stop();
  const after = await profiler.snapshot();
  // Only now: it goes on before the test does, and may have seen one more by then.
  assert.equal(before.sampleCount + after.sampleCount, profiler.seen);
  for (const [profile, frequencyHz] of [
    [before, 499],
    [after, 49],
  ] as const) {
    for (const { values } of profile.samples) {
      const [count = 0, nanoseconds = 0] = values;
      assert.equal(nanoseconds, Math.round((count * 1e9) / frequencyHz));
    }
    // Its one thread is never on more than one CPU.
    const sampledShare = profile.sampleCount / frequencyHz / (profile.durationNs / 1e9);
    assert.ok(sampledShare > 0 && sampledShare < 1.2, `${sampledShare} of the time at ${frequencyHz} Hz`);
  }
});

test("a frequency that it has no room for is refused, and it goes on as before", async () => {
  await using program = burn(FOREVER);
  await program.ready;
  await using profiler = await CpuProfiler.start({ pids: [program.pid], frequencyHz: 499 });
  await assert.rejects(profiler.changeFrequency(999), { message: "cannot go on at 999 Hz" });
  await assert.rejects(profiler.changeFrequency(0), { message: "cannot sample at 0 Hz" });
  await untilSeen(profiler, 10);
  await using waits = await CpuProfiler.start({ pids: [program.pid], mode: "off-cpu" });
  await assert.rejects(waits.changeFrequency(49), { message: "a profile of waits has no frequency" });
});

test("options out of range are refused with what to do", async () => {
  for (const [options, message] of [
    [{ frequencyHz: 0 }, "cannot sample at 0 Hz"],
    [{ frequencyHz: 10_000_000 }, "cannot sample at 10000000 Hz"],
    [{ pids: [4_194_304] }, "there is no process 4194304"],
    [{ cgroupPath: "/proc" }, '"/proc" is not a cgroup of the v2 hierarchy'],
  ] as const) {
    await assert.rejects(CpuProfiler.start(options), { message });
  }
});
