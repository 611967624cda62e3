/** The profiler against the clocks of its workloads, /proc and perf. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { CpuProfiler } from "./cpu-profiler.ts";
import { countWhere, leafShares, nanosecondsWhere, onStack, threeSigma } from "./testing/profile-queries.ts";
import { compileWorkload, NAMED_FUNCTIONS, Workload, workloadPath } from "./testing/workload.ts";

/** Runs a program on CPU 0 alone. */
function pinned(command: string, ...args: string[]): Workload {
  return new Workload("taskset", ["-c", "0", command, ...args]);
}

/** utime + stime of a process, in seconds. */
function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

test("two C functions show with the shares that they measured themselves", async () => {
  const program = compileWorkload("burn.c");
  await using workload = pinned(program, "5");
  await using profiler = await CpuProfiler.start({ pids: [workload.pid] });
  const taken = JSON.parse(await workload.lastLine) as { burn_seventy: number; burn_thirty: number };
  const profile = await profiler.snapshot();
  const seventy = countWhere(profile, onStack("burn_seventy"));
  const thirty = countWhere(profile, onStack("burn_thirty"));
  const share = taken.burn_seventy / (taken.burn_seventy + taken.burn_thirty);
  assert.ok(Math.abs(share - 0.7) < 0.03, `the workload itself is at ${share}`);
  assert.ok(seventy + thirty > 350, `${seventy + thirty} samples`);
  const tolerance = threeSigma(share, seventy + thirty);
  const found = seventy / (seventy + thirty);
  assert.ok(Math.abs(found - share) < tolerance, `${found} of ${share} +- ${tolerance}`);
  // The stack is whole: from spin up to main.
  const [deepest] = profile.samples.filter(onStack("burn_seventy"));
  assert.deepEqual(
    deepest?.stack
      .filter(({ kind }) => kind === "native")
      .map(({ name }) => name)
      .slice(0, 3),
    ["spin", "burn_seventy", "main"],
  );
});

test("JavaScript functions show with the shares that they measured themselves", async () => {
  await using workload = pinned(process.execPath, ...NAMED_FUNCTIONS, workloadPath("burn.mjs"), "5");
  await using profiler = await CpuProfiler.start({ pids: [workload.pid] });
  const taken = JSON.parse(await workload.lastLine) as { burnSeventy: number; burnThirty: number };
  const profile = await profiler.snapshot();
  const seventy = countWhere(profile, onStack("burnSeventy"));
  const thirty = countWhere(profile, onStack("burnThirty"));
  assert.ok(seventy + thirty > 350, `${seventy + thirty} samples`);
  const share = taken.burnSeventy / (taken.burnSeventy + taken.burnThirty);
  const tolerance = threeSigma(share, seventy + thirty);
  const found = seventy / (seventy + thirty);
  assert.ok(Math.abs(found - share) < tolerance, `${found} of ${share} +- ${tolerance}`);
});

test("C++ functions show demangled", async () => {
  await using workload = pinned(compileWorkload("burn.cpp"), "1.5");
  await using profiler = await CpuProfiler.start({ pids: [workload.pid] });
  await workload.lastLine;
  const profile = await profiler.snapshot();
  const inFill = countWhere(profile, onStack("hive::Comb<unsigned long>::fill(unsigned long)"));
  assert.ok(inFill / profile.sampleCount > 0.9, `${inFill} of ${profile.sampleCount}`);
});

test("a Python loop shows the interpreter's own functions", async () => {
  await using workload = pinned(
    "python3",
    "-c",
    "import time\nend = time.time() + 1.5\nwhile time.time() < end: sum(range(1000))",
  );
  await using profiler = await CpuProfiler.start({ pids: [workload.pid] });
  await workload.lastLine;
  const leaves = [...leafShares(await profiler.snapshot()).keys()];
  assert.ok(
    leaves.some((name) => /^(_?Py|long|range|builtin|sum)/.test(name)),
    leaves.join(", "),
  );
});

test("dd shows the kernel's functions", async () => {
  await using workload = pinned("dd", "if=/dev/zero", "of=/dev/null", "bs=1M", "count=20000", "status=none");
  await using profiler = await CpuProfiler.start({ pids: [workload.pid] });
  await workload.lastLine;
  const profile = await profiler.snapshot();
  const inKernel = countWhere(profile, ({ stack }) => stack[0]?.kind === "kernel" && stack[0].symbolized);
  assert.ok(profile.sampleCount > 20, `${profile.sampleCount} samples`);
  assert.ok(inKernel / profile.sampleCount > 0.8, `${inKernel} of ${profile.sampleCount}`);
  assert.ok(countWhere(profile, onStack(/^(ksys_read|vfs_read|read_zero)$/)) / profile.sampleCount > 0.5);
});

test("samples times the period are the CPU time that /proc counted", async () => {
  await using workload = pinned(compileWorkload("burn.c"), "100");
  await setTimeout(300);
  // Stopped while either of them starts or ends to look, it is seen by both for the same time.
  process.kill(workload.pid, "SIGSTOP");
  await setTimeout(100);
  const before = cpuSeconds(workload.pid);
  await using profiler = await CpuProfiler.start({ pids: [workload.pid] });
  process.kill(workload.pid, "SIGCONT");
  await setTimeout(6000);
  process.kill(workload.pid, "SIGSTOP");
  await setTimeout(100);
  const after = cpuSeconds(workload.pid);
  const profile = await profiler.snapshot();
  const profiled = nanosecondsWhere(profile, () => true) / 1e9;
  // On a CPU of its own every tick hits it. Sharing one with others, it is there for a share of the ticks, by chance.
  const ran = after - before;
  const tolerance = 0.03 + threeSigma(Math.min(ran / 6, 1), 6 * 99);
  assert.ok(Math.abs(profiled - ran) / 6 < tolerance, `${profiled} s of ${ran} s +- ${tolerance * 6}`);
});

test("perf names the same functions above 3 %", async () => {
  const folder = mkdtempSync(join(tmpdir(), "skep-perf-"));
  try {
    const data = join(folder, "perf.data");
    await using workload = pinned(compileWorkload("burn.c"), "100");
    await using profiler = await CpuProfiler.start({ pids: [workload.pid], frequencyHz: 499 });
    execFileSync("perf", [
      "record",
      "-q",
      "-e",
      "cpu-clock",
      "-F",
      "499",
      "-p",
      String(workload.pid),
      "-o",
      data,
      "--",
      "sleep",
      "4",
    ]);
    const ours = leafShares(await profiler.snapshot());
    const report = execFileSync(
      "perf",
      ["report", "-i", data, "--stdio", "-q", "--no-children", "-F", "overhead,sym"],
      {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
      },
    );
    const perfs = [...report.matchAll(/^\s*([\d.]+)%\s+\[.\]\s+(\S+)/gm)].map(
      ([, share, name]) => [name, Number(share)] as const,
    );
    const above = perfs.filter(([, share]) => share > 3).map(([name]) => name);
    assert.ok(above.includes("spin"), report);
    for (const name of above)
      assert.ok((ours.get(name ?? "") ?? 0) > 0.02, `${name} is missing from ${[...ours.keys()]}`);
    for (const [name, share] of ours)
      if (share > 0.03)
        assert.ok(
          perfs.some(([perfName]) => perfName === name),
          `perf has no ${name}`,
        );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a thread that sleeps while it migrates is off the CPU for as long as it slept", async () => {
  const program = compileWorkload("sleeper.c");
  await using workload = new Workload("/bin/sh", ["-c", `read -r _; exec ${program}`]);
  await using profiler = await CpuProfiler.start({ mode: "off-cpu", pids: [workload.pid], startOnExec: true });
  workload.release();
  await profiler.exited;
  const slept = Number(await workload.lastLine);
  profiler.stop();
  const profile = await profiler.snapshot();
  const found = nanosecondsWhere(profile, onStack(/nanosleep/));
  assert.ok(Math.abs(found / slept - 1) < 0.01, `${found} ns of ${slept} ns`);
});
