import assert from "node:assert/strict";
import { test } from "node:test";
import { runSkep, SkepProcess } from "../cli/testing/skep-process.ts";

/** 130 fsync, of which 30 fail, and 50 fchmod: calls that nothing else in a Node.js process makes. */
const WORKLOAD = [
  process.execPath,
  "-e",
  `const { fchmodSync, fsyncSync, openSync } = require("node:fs");
  const fd = openSync(process.execPath);
  for (let i = 0; i < 100; i++) fsyncSync(fd);
  for (let i = 0; i < 30; i++) try { fsyncSync(99999); } catch {}
  for (let i = 0; i < 50; i++) fchmodSync(fd, 0o755);`,
];

interface SyscallsJson {
  readonly lost: Readonly<Record<string, number>>;
  readonly syscalls: readonly {
    readonly name: string;
    readonly calls: number;
    readonly errors: Readonly<Record<string, number>>;
    readonly timedCalls?: number;
    readonly totalNs?: number;
    readonly maxNs?: number;
    readonly histogramNs?: readonly (readonly [number, number, number])[];
  }[];
  readonly processes: readonly { readonly pid: number; readonly name: string; readonly syscalls: readonly unknown[] }[];
}

async function countAsJson(...options: readonly string[]): Promise<SyscallsJson> {
  const args = ["syscalls", "--json", "-e", "fsync,fchmod", ...options, "--", ...WORKLOAD];
  const { code, stdout, stderr } = await runSkep(args);
  assert.equal(code, 0, stderr);
  assert.equal(stdout.indexOf("\n"), stdout.length - 1, "standard output carries one object on one line");
  return JSON.parse(stdout);
}

test("the JSON has each call of COMMAND, and no other call than -e names", async () => {
  const { lost, syscalls, processes } = await countAsJson();
  const counts = syscalls.map(({ name, calls, errors }) => ({ name, calls, errors }));
  assert.deepEqual(
    counts.sort((a, b) => b.calls - a.calls),
    [
      { name: "fsync", calls: 130, errors: { EBADF: 30 } },
      { name: "fchmod", calls: 50, errors: {} },
    ],
  );
  for (const { name, calls, timedCalls, totalNs = 0, maxNs = 0, histogramNs = [] } of syscalls) {
    assert.equal(timedCalls, calls, name);
    assert.equal(
      histogramNs.reduce((sum, [, , count]) => sum + count, 0),
      calls,
      name,
    );
    assert.ok(maxNs > 0 && maxNs <= totalNs, name);
  }
  assert.deepEqual(
    processes.map(({ syscalls: ofProcess }) => ofProcess),
    [syscalls],
  );
  assert.equal(
    Object.values(lost).reduce((sum, count) => sum + count, 0),
    0,
  );
});

test("with --counts-only nothing is timed", async () => {
  const { syscalls } = await countAsJson("--counts-only");
  assert.deepEqual(
    syscalls.map(({ name, calls, totalNs, histogramNs }) => ({ name, calls, totalNs, histogramNs })),
    [
      { name: "fsync", calls: 130, totalNs: undefined, histogramNs: undefined },
      { name: "fchmod", calls: 50, totalNs: undefined, histogramNs: undefined },
    ],
  );
});

test("where there is no terminal the table is plain, and printed once", async () => {
  const { code, stdout, stderr } = await runSkep(["syscalls", "-e", "fsync,fchmod", "--", ...WORKLOAD]);
  assert.equal(code, 0, stderr);
  assert.match(
    stdout,
    /^System calls of .* for \d+\.\d s: 180 calls, 30 failed, 0 lost\n\nCALL +CALLS +ERRORS +MOSTLY /,
  );
  assert.match(stdout, /\nfsync +130 +30 +EBADF +\d/);
  assert.match(stdout, /\nfchmod +50 {2,}\d/);
  assert.ok(!stdout.includes("\x1b"));
  assert.equal(stdout.match(/^CALL/gm)?.length, 1);
});

test("SIGINT ends the run early, and what was counted is told", async () => {
  const skep = new SkepProcess(["syscalls", "-d", "3600"]);
  await skep.says("Counting system calls of every process for 3600 s\n");
  skep.child.kill("SIGINT");
  const { code, stdout } = await skep.result;
  assert.equal(code, 0);
  assert.match(stdout, /^System calls for \d+\.\d s: [\d,]+ calls?, /);
});

test("a call that there isn't is told before COMMAND starts", async () => {
  const { code, stdout, stderr } = await runSkep(["syscalls", "-e", "opena", "--", "echo", "started"]);
  assert.deepEqual([code, stdout], [1, ""]);
  assert.match(stderr, /^skep: there is no system call "opena"\n {6}.*openat.*\n$/);
});
