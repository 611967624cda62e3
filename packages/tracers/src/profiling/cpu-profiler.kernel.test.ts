import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { cgroupMounts } from "../filters/cgroup.ts";
import { CpuProfiler } from "./cpu-profiler.ts";
import type { CpuProfile } from "./profile.ts";
import { countWhere, leafShares, nanosecondsWhere, onStack, threeSigma } from "./testing/profile-queries.ts";
import { Workload, workloadPath } from "./testing/workload.ts";

const PERF_MAP = "--perf-basic-prof";

function burn(seconds: number, ...flags: string[]): Workload {
  return new Workload(process.execPath, [...flags, workloadPath("burn.mjs"), String(seconds)]);
}

function sleep(times: number, milliseconds: number): Workload {
  return new Workload(process.execPath, [workloadPath("sleep.mjs"), String(times), String(milliseconds)]);
}

function lostSamples({ lost }: CpuProfile): number {
  return Object.values(lost).reduce((sum, count) => sum + count, 0);
}

test("JavaScript functions show by name, with their shares of the CPU", async () => {
  await using program = burn(4, PERF_MAP);
  await using profiler = await CpuProfiler.start({ pids: [program.pid], frequencyHz: 499 });
  const taken = JSON.parse(await program.output) as { burnSeventy: number; burnThirty: number };
  const profile = await profiler.snapshot();
  const seventy = countWhere(profile, onStack("burnSeventy"));
  const thirty = countWhere(profile, onStack("burnThirty"));
  assert.ok(seventy + thirty > 500, `${seventy + thirty} samples in either`);
  const share = taken.burnSeventy / (taken.burnSeventy + taken.burnThirty);
  const found = seventy / (seventy + thirty);
  const tolerance = threeSigma(share, seventy + thirty);
  assert.ok(Math.abs(found - share) < tolerance, `${found} of ${share} +- ${tolerance}`);
});

test("what the kernel saw is what the profile holds and what was lost", async () => {
  await using program = burn(1.5);
  // Tables so small that they fill up between two reads.
  for (const tableSizes of [{}, { counts: 4 }, { stacks: 8 }]) {
    await using profiler = await CpuProfiler.start({ frequencyHz: 999, tableSizes });
    await setTimeout(700);
    profiler.stop();
    const profile = await profiler.snapshot();
    assert.ok(profiler.seen > 100, `${profiler.seen} seen`);
    assert.equal(profile.sampleCount + lostSamples(profile), profiler.seen, JSON.stringify([tableSizes, profile.lost]));
    if ("counts" in tableSizes) assert.ok(profile.lost.countsFull > 0);
    if ("stacks" in tableSizes) assert.ok(profile.lost.stacksFull > 0);
  }
  assert.ok(program.pid > 0);
});

test("snapshots cover one stretch of time each, and nothing twice", async () => {
  await using program = burn(2);
  await using profiler = await CpuProfiler.start({ pids: [program.pid], frequencyHz: 499 });
  let samples = 0;
  let lost = 0;
  for (let i = 0; i < 5; i++) {
    await setTimeout(200);
    const profile = await profiler.snapshot();
    assert.ok(profile.durationNs > 150e6 && profile.durationNs < 2e9, `${profile.durationNs} ns`);
    samples += profile.sampleCount;
    lost += lostSamples(profile);
  }
  profiler.stop();
  samples += (await profiler.snapshot()).sampleCount;
  assert.equal(samples + lost, profiler.seen);
});

test("only the chosen processes are counted, with the children that they start", async () => {
  const script = `
    const { spawn } = require("node:child_process");
    setTimeout(() => spawn(process.execPath, [${JSON.stringify(workloadPath("burn.mjs"))}, "1"], { stdio: "inherit" }), 300);
  `;
  await using parent = new Workload(process.execPath, ["-e", script]);
  await using stranger = burn(2);
  await using profiler = await CpuProfiler.start({ pids: [parent.pid] });
  await profiler.exited;
  await parent.output;
  const profile = await profiler.snapshot();
  const pids = new Set(profile.samples.map(({ process }) => process.pid));
  assert.ok(!pids.has(stranger.pid), "the stranger is not in it");
  assert.ok(
    [...pids].some((pid) => pid !== parent.pid),
    "the child is in it",
  );
  const seconds = nanosecondsWhere(profile, ({ process }) => process.pid !== parent.pid) / 1e9;
  assert.ok(seconds > 0.9 && seconds < 1.6, `the child ran for ${seconds} s`);
});

test("a process that waits to be started counts from its exec on, under its new name", async () => {
  const script = 'sleep 0.5; exec "$0" "$1" 0.5';
  await using waiting = new Workload("/bin/sh", ["-c", script, process.execPath, workloadPath("burn.mjs")]);
  await using profiler = await CpuProfiler.start({ pids: [waiting.pid], startOnExec: true, frequencyHz: 999 });
  await profiler.exited;
  const profile = await profiler.snapshot();
  assert.ok(profile.sampleCount > 100, `${profile.sampleCount} samples`);
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
  await using inside = burn(1.5);
  await using outside = burn(1.5);
  writeFileSync(join(inner, "cgroup.procs"), String(inside.pid));
  for (const mode of ["on-cpu", "off-cpu"] as const) {
    await using profiler = await CpuProfiler.start({ cgroupPath: cgroup, mode });
    await setTimeout(500);
    const profile = await profiler.snapshot();
    assert.ok(profile.sampleCount > 0, mode);
    for (const { process } of profile.samples) assert.equal(process.pid, inside.pid, mode);
  }
  await Promise.all([inside.output, outside.output]);
});

test("the idle task is left out, and the kernel's own functions are in", async () => {
  await using profiler = await CpuProfiler.start({ frequencyHz: 499 });
  for (const end = Date.now() + 500; Date.now() < end; ) readFileSync("/proc/self/smaps");
  const profile = await profiler.snapshot();
  assert.ok(profile.samples.every(({ process }) => process.pid !== 0));
  const own = profile.samples.filter(({ process: { pid } }) => pid === process.pid);
  assert.ok(own.some(({ stack }) => stack.some(({ kind, name }) => kind === "kernel" && /smap/.test(name))));
});

/** Nanoseconds that a process's first thread has run: the first field of schedstat. */
function ranNs(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/schedstat`, "latin1").split(" ")[0]);
}

test("a thread is off the CPU whenever it is not on it", async () => {
  await using program = sleep(1000, 5);
  await setTimeout(300);
  const before = ranNs(program.pid);
  await using profiler = await CpuProfiler.start({ mode: "off-cpu", pids: [program.pid] });
  await setTimeout(1500);
  profiler.stop();
  const ran = ranNs(program.pid) - before;
  const profile = await profiler.snapshot();
  const waited = nanosecondsWhere(profile, ({ threadId }) => threadId === program.pid);
  // What it ran before the profiler had started, and after it had stopped, is in `ran` too.
  const difference = (waited + ran) / profile.durationNs - 1;
  assert.ok(Math.abs(difference) < 0.02, `${waited} ns off, ${ran} ns on, of ${profile.durationNs} ns`);
  assert.ok(profile.sampleCount > 50, `${profile.sampleCount} intervals`);
});

test("a thread that is blocked from before the start until after the end is blocked for the whole run", async () => {
  await using program = sleep(1, 60_000);
  while (!/S \(sleeping\)/.test(readFileSync(`/proc/${program.pid}/status`, "utf8"))) await setTimeout(20);
  await setTimeout(500);
  await using profiler = await CpuProfiler.start({ mode: "off-cpu", pids: [program.pid] });
  const totals: number[] = [];
  for (let i = 0; i < 3; i++) {
    await setTimeout(300);
    if (i === 2) profiler.stop();
    const profile = await profiler.snapshot();
    const ofMainThread = nanosecondsWhere(profile, ({ threadId }) => threadId === program.pid);
    assert.ok(Math.abs(ofMainThread - profile.durationNs) < 5e6, `${ofMainThread} ns of ${profile.durationNs} ns`);
    totals.push(profile.incomplete.blockedBeforeStart);
  }
  assert.ok((totals[0] ?? 0) >= 1);
  assert.deepEqual(totals.slice(1), [0, 0]);
});

test("a CPU that was unplugged and plugged in again is sampled again", async (context) => {
  const control = "/sys/devices/system/cpu/cpu1/online";
  if (!existsSync(control)) return context.skip("cpu1 cannot be unplugged here");
  await using program = burn(4);
  await using profiler = await CpuProfiler.start({ pids: [program.pid], frequencyHz: 499 });
  writeFileSync(control, "0");
  context.after(() => writeFileSync(control, "1"));
  await setTimeout(1200);
  assert.equal((await profiler.snapshot()).cpuCount, 1);
  writeFileSync(control, "1");
  await setTimeout(1200);
  assert.equal((await profiler.snapshot()).cpuCount, 2);
  await using second = burn(2);
  await using third = burn(2);
  await using everything = await CpuProfiler.start({ frequencyHz: 499 });
  await setTimeout(1000);
  assert.ok((await everything.snapshot()).sampleCount > 600, "both CPUs are sampled");
  assert.ok(second.pid > 0 && third.pid > 0);
});

test("a process that has gone by the time it is looked up is counted and not guessed", async () => {
  await using profiler = await CpuProfiler.start({ frequencyHz: 4999 });
  for (let i = 0; i < 100; i++) await new Workload("/bin/true", []).output;
  const profile = await profiler.snapshot();
  const exited = countWhere(profile, onStack("[exited]"));
  assert.equal(profile.incomplete.exited, exited);
  for (const [name] of leafShares(profile)) assert.notEqual(name, "");
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
