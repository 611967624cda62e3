import assert from "node:assert/strict";
import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { cgroupMounts } from "../filters/cgroup.ts";
import { compatProgram } from "../syscalls/testing/compat-program.ts";
import type { ProcessExit } from "./process-event.ts";
import { ARGUMENT, compatExecCode, MISSING_PROGRAM } from "./testing/compat-exec.ts";
import { EventLog } from "./testing/event-log.ts";

interface Finished {
  readonly pid: number | undefined;
  readonly output: string;
  readonly code: number | null;
  readonly signal: string | null;
}

const folder = mkdtempSync(join(tmpdir(), "skep-processes-"));
after(() => rmSync(folder, { recursive: true }));

/** Runs a program to its end, while this process goes on reading events. Answers its pid and what it printed. */
async function run(command: string, args: readonly string[], options: SpawnOptions = {}): Promise<Finished> {
  const child = spawn(command, args, { cwd: folder, ...options });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (data) => {
      output += data;
    });
  }
  const [code, signal] = await once(child, "close");
  return { pid: child.pid, output, code, signal };
}

function shell(script: string, ...args: string[]): Promise<Finished> {
  return run("/bin/sh", ["-c", script, ...args]);
}

function write(name: string, text: string, mode = 0o755): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

/** A copy of the shell, which is a file of its own and not a link. */
function copyOfShell(name: string): string {
  const path = join(folder, name);
  copyFileSync("/bin/sh", path);
  chmodSync(path, 0o755);
  return path;
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
}

test("a process is told from its start to its end, with who, what and how", async () => {
  await using log = await EventLog.start();
  const before = BigInt(Date.now()) * 1_000_000n;
  const child = spawn("/bin/sh", ["-c", "read -r _; exit 7", "with space", "", "äöü"], { cwd: folder });
  assert.ok(child.pid !== undefined);
  const exec = await log.first("exec", child.pid);
  const executable = readlinkSync(`/proc/${child.pid}/exe`);
  const directory = readlinkSync(`/proc/${child.pid}/cwd`);
  const cgroup = /^0::(.*)$/m.exec(readFileSync(`/proc/${child.pid}/cgroup`, "utf8"))?.[1];
  child.stdin.end("\n");
  const exit = await log.first("exit", child.pid);
  const start = await log.first("start", child.pid);
  const afterwards = BigInt(Date.now() + 1) * 1_000_000n;

  for (const event of [start, exec, exit]) {
    assert.equal(event.parentPid, process.pid);
    assert.equal(event.userId, process.getuid?.());
    assert.equal(event.cgroupPath, cgroup);
  }
  assert.equal(exec.path, "/bin/sh");
  assert.equal(exec.name, "sh");
  assert.deepEqual(exec.arguments, ["/bin/sh", "-c", "read -r _; exit 7", "with space", "", "äöü"]);
  assert.deepEqual([exec.argumentCount, exec.argumentsTruncated], [6, false]);
  assert.deepEqual([exec.executablePath, exec.workingDirectory], [executable, directory]);
  assert.deepEqual([exit.exitCode, exit.signal, exit.coreDumped], [7, undefined, false]);
  // The clock is known to a millisecond.
  const times = [before - 1_000_000n, start.timeUnixNs, exec.timeUnixNs, exit.timeUnixNs, afterwards + 1_000_000n];
  assert.deepEqual(
    times,
    times.toSorted((a, b) => Number(a - b)),
  );
  const ranNs = Number(exit.timeUnixNs - start.timeUnixNs);
  assert.ok(Math.abs(exit.lifetimeNs - ranNs) < ranNs / 10 + 1e6, `${exit.lifetimeNs} ns, not ${ranNs} ns`);
});

test("exit codes and signals are those that the parent is told", async () => {
  await using log = await EventLog.start();
  const scripts = [
    "exit 0",
    "exit 1",
    "exit 127",
    "exit 255",
    "exit 256",
    "kill -TERM $$",
    "kill -KILL $$",
    "kill -HUP $$",
  ];
  for (const script of scripts) {
    const { pid, code, signal } = await shell(script);
    const exit = await log.first("exit", pid);
    assert.deepEqual([exit.exitCode ?? null, exit.signal ?? null], [code, signal], script);
    assert.equal(exit.coreDumped, false);
  }
});

test("the core flag is the one that a shell tells of", async () => {
  await using log = await EventLog.start();
  for (const limit of ["0", "unlimited"]) {
    const { pid, output } = await shell(`sh -c 'ulimit -c ${limit} 2> /dev/null; kill -SEGV $$'; true`);
    const killed = await log.first("exit", ({ parentPid }) => parentPid === pid);
    assert.equal(killed.signal, "SIGSEGV");
    assert.equal(killed.coreDumped, output.includes("core dumped"), `ulimit -c ${limit}: ${output}`);
  }
});

test("a process ends with its last thread, though the first one went before", async () => {
  await using log = await EventLog.start();
  const program = fileURLToPath(new URL("testing/leader-first.mjs", import.meta.url));
  const child = spawn(process.execPath, [program], { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.on("data", (data) => {
    output += data;
  });
  await once(child, "close");
  const exit = await log.first("exit", child.pid);
  assert.equal(child.exitCode, 5);
  assert.equal(exit.exitCode, 5);
  assert.equal(log.all("exit").filter(({ pid }) => pid === child.pid).length, 1);
  // What the process said of itself, both threads included, and the little that came after.
  const { cpuUs, io } = JSON.parse(output) as { cpuUs: number; io: string };
  const readChars = Number(/rchar: (\d+)/.exec(io)?.[1]);
  assert.ok(exit.cpuTimeNs >= cpuUs * 1000 && exit.cpuTimeNs < cpuUs * 1250, `${exit.cpuTimeNs} ns of ${cpuUs} us`);
  assert.ok(readChars > 200_000 && exit.readChars >= readChars && exit.readChars < readChars + 10_000, output);
});

test("what a process read and wrote is what /proc says, and its last read", async () => {
  await using log = await EventLog.start();
  const { output, pid } = await run("/bin/cat", ["/proc/self/io"]);
  const exit = await log.first("exit", pid);
  const count = (name: string): number => Number(new RegExp(`^${name}: (\\d+)`, "m").exec(output)?.[1]);
  // The text itself was read and written after it was made.
  assert.equal(exit.readChars, count("rchar") + output.length);
  assert.equal(exit.writtenChars, count("wchar") + output.length);
  assert.deepEqual([exit.readBytes, exit.writtenBytes], [count("read_bytes"), count("write_bytes")]);
});

test("a failed exec is told with its error, and the process goes on", async () => {
  await using log = await EventLog.start();
  const cases: readonly (readonly [path: string, error: string])[] = [
    [join(folder, "missing"), "ENOENT"],
    [write("not-executable", "", 0o644), "EACCES"],
    [join(write("a-file", ""), "below"), "ENOTDIR"],
    [write("no-interpreter", "#!/no/such/interpreter\n"), "ENOENT"],
    [join(folder, "n".repeat(300)), "ENAMETOOLONG"],
  ];
  for (const [path, error] of cases) {
    const { error: told } = spawnSync(path, ["one", "two words"], { cwd: folder });
    assert.deepEqual([told && "code" in told && told.code, path], [error, path]);
    const failure = await log.first("exec-failure", (event) => event.path === path);
    assert.equal(failure.error, error);
    assert.deepEqual(failure.arguments, [path, "one", "two words"]);
    assert.deepEqual([failure.argumentsTruncated, failure.workingDirectory], [false, folder]);
    assert.equal((await log.first("exit", failure.pid)).parentPid, process.pid);
  }
});

test("what is no program is refused first, and then run by the shell that the C library takes", async () => {
  await using log = await EventLog.start();
  const path = write("no-program", "exit 3");
  const { pid } = await run(path, []);
  assert.equal((await log.first("exec-failure", pid)).error, "ENOEXEC");
  const exec = await log.first("exec", pid);
  assert.deepEqual([exec.path, exec.arguments], ["/bin/sh", ["/bin/sh", path]]);
  assert.equal((await log.first("exit", pid)).exitCode, 3);
});

test("a failed exec of the 32-bit interface is told, and no other call that has its number", async (context) => {
  const program = compatProgram(compatExecCode());
  if (program === undefined) return context.skip("this kernel takes no 32-bit calls");
  await using log = await EventLog.start();
  const { pid } = await run(program, []);
  await log.first("exit", pid);
  const failures = log.all("exec-failure").filter((event) => event.pid === pid);
  assert.deepEqual(
    failures.map(({ path, error, arguments: args }) => [path, error, ...args]),
    Array.from({ length: 2 }, () => [MISSING_PROGRAM, "ENOENT", MISSING_PROGRAM, ARGUMENT]),
  );
});

test("failed execs are left out on demand", async () => {
  await using log = await EventLog.start({ execFailures: false });
  spawnSync(join(folder, "missing"));
  const { pid } = await shell("exit 0");
  await log.first("exit", pid);
  assert.equal(log.all("exec-failure").length, 0);
});

test("all arguments are told, up to a bound, and their number beyond it", async () => {
  await using log = await EventLog.start();
  const cases: readonly (readonly [args: readonly string[], truncated: boolean])[] = [
    [Array.from({ length: 200 }, (_, index) => `argument-${index}`), false],
    [Array.from({ length: 5000 }, (_, index) => `argument-${index}`), true],
    [["x".repeat(100_000), "last"], true],
  ];
  for (const [args, truncated] of cases) {
    const { pid } = await run("/bin/true", args);
    const exec = await log.first("exec", pid);
    assert.deepEqual([exec.argumentCount, exec.argumentsTruncated], [args.length + 1, truncated]);
    const all = ["/bin/true", ...args].join("\0");
    const told = exec.arguments.join("\0");
    assert.equal(told, truncated ? all.slice(0, 8192) : all);
  }
});

test("a script is told with its own path and its interpreter's", async () => {
  await using log = await EventLog.start();
  const script = write("script", "#!/bin/sh -e\nexit 0\n");
  const { pid } = await run(script, ["argument"]);
  const exec = await log.first("exec", pid);
  assert.equal(exec.path, script);
  assert.deepEqual(exec.arguments, ["/bin/sh", "-e", script, "argument"]);
  assert.equal(exec.executablePath, spawnSync("readlink", ["-f", "/bin/sh"], { encoding: "utf8" }).stdout.trim());
  assert.equal(exec.name, "script");
});

test("an executable that was deleted is told by the name it had", async () => {
  await using log = await EventLog.start();
  const copy = copyOfShell("sh-to-be-deleted");
  const { pid } = await shell('exec 9< "$0"; rm "$0"; exec /proc/self/fd/9 -c "exit 0"', copy);
  const exec = await log.first("exec", (event) => event.pid === pid && event.path === "/proc/self/fd/9");
  assert.deepEqual([exec.executablePath, exec.executableDeleted], [copy, true]);
});

test("paths lead through mounts, as /proc has them", async (context) => {
  await using log = await EventLog.start();
  const outer = join(folder, "outer");
  const inner = join(outer, "deep", "inner");
  mkdirSync(outer);
  context.after(() => {
    for (const mount of [inner, outer]) spawnSync("umount", [mount]);
  });
  assert.equal(spawnSync("mount", ["-t", "tmpfs", "tmpfs", outer]).status, 0);
  mkdirSync(inner, { recursive: true });
  assert.equal(spawnSync("mount", ["-t", "tmpfs", "tmpfs", inner]).status, 0);
  const program = join(inner, "sh");
  copyFileSync("/bin/sh", program);
  chmodSync(program, 0o755);
  const child = spawn(program, ["-c", "read -r _"], { cwd: inner });
  const exec = await log.first("exec", child.pid);
  assert.deepEqual(
    [exec.executablePath, exec.workingDirectory],
    [readlinkSync(`/proc/${child.pid}/exe`), readlinkSync(`/proc/${child.pid}/cwd`)],
  );
  assert.equal(exec.executablePath, program);
  child.stdin.end();
  await ended(child);
});

test("a directory deeper than what is looked at is told from its end, and marked", async () => {
  await using log = await EventLog.start();
  const names = Array.from({ length: 70 }, (_, index) => `d${index}`);
  const deep = join(folder, ...names);
  mkdirSync(deep, { recursive: true });
  const { pid } = await run("/bin/sh", ["-c", "exit 0"], { cwd: deep });
  const exec = await log.first("exec", pid);
  assert.ok(exec.workingDirectory.startsWith(".../d"), exec.workingDirectory);
  assert.ok(exec.workingDirectory.endsWith("/d68/d69"));
  assert.ok(deep.endsWith(exec.workingDirectory.slice(3)));
});

test("a process that is gone at once has its cgroup and its container all the same", async (context) => {
  const [mount] = cgroupMounts(readFileSync("/proc/self/mountinfo", "utf8"));
  assert.ok(mount !== undefined, "cgroup2 is mounted");
  const containerId = "0123456789abcdef".repeat(4);
  const parent = join(mount.mountPoint, `skep-test-${process.pid}`);
  const cgroup = join(parent, `docker-${containerId}.scope`);
  mkdirSync(cgroup, { recursive: true });
  context.after(() => {
    rmdirSync(cgroup);
    rmdirSync(parent);
  });
  await using log = await EventLog.start({ cgroupPath: parent });
  const { pid, output } = await shell(`echo $$ > ${cgroup}/cgroup.procs; cat /proc/self/cgroup; exec true`);
  const exit = await log.first("exit", pid);
  const told = /^0::(.*)$/m.exec(output)?.[1];
  assert.equal(exit.cgroupPath, told);
  assert.equal(exit.containerId, containerId);
  // Of the others, which are not in it, nothing is told.
  await shell("exit 0");
  await log.stop();
  assert.deepEqual(new Set(log.events.map(({ cgroupPath }) => cgroupPath)), new Set([told]));
});

test("only the chosen processes are told, with the children that they start", async () => {
  const chosen = spawn("/bin/sh", ["-c", "read -r _; sh -c 'exit 3'; exit 4"]);
  assert.ok(chosen.pid !== undefined);
  await using log = await EventLog.start({ pids: [chosen.pid] });
  await shell("exit 9");
  chosen.stdin.end("\n");
  await log.tracer.exited;
  await log.stop();
  assert.deepEqual(
    log.all("exit").map(({ exitCode }) => exitCode),
    [3, 4],
  );
  const [start] = log.all("start");
  assert.equal(start?.parentPid, chosen.pid);
});

test("a process that waits to be started is told from its exec on", async () => {
  const waiting = spawn("/bin/sh", ["-c", 'read -r _; exec sh -c "exit 6"']);
  assert.ok(waiting.pid !== undefined);
  await using log = await EventLog.start({ pids: [waiting.pid], startOnExec: true });
  waiting.stdin.end("\n");
  await log.tracer.exited;
  await log.stop();
  assert.deepEqual(
    log.events.map(({ kind }) => kind),
    ["exec", "exit"],
  );
});

test("many at a time: each one is told once, with its parent, its arguments and its code", async () => {
  await using log = await EventLog.start();
  const count = 1000;
  const mark = `of ${process.pid}`;
  const script = `i=0; while [ $i -lt ${count} ]; do echo $i; i=$((i + 1)); done |
    xargs -P 32 -I{} sh -c 'exit $(({} % 100))' {} '${mark}'; exit 0`;
  const { pid: shellPid, output } = await shell(script);
  await log.first("exit", shellPid);
  await log.stop();
  assert.equal(output, "", "what xargs complains of");
  const { interrupted, ...lost } = log.tracer.lost();
  assert.deepEqual(lost, { starts: 0, execs: 0, execFailures: 0, exits: 0, unread: 0 });
  const execs = log.all("exec").filter(({ arguments: args }) => args[0] === "sh" && args.at(-1) === mark);
  const exits = new Map<number, ProcessExit>(log.all("exit").map((exit) => [exit.pid, exit]));
  const starts = new Map(log.all("start").map((start) => [start.pid, start]));
  // The shells are children of xargs, and that is one of the shell.
  const [xargsPid = 0] = execs.map(({ parentPid }) => parentPid);
  // 123: some of them failed. Any other end means that it did not start them all.
  const { exitCode = 123, signal } = exits.get(xargsPid) ?? {};
  assert.deepEqual([exitCode, signal], [123, undefined], "how xargs ended");
  assert.equal(starts.get(xargsPid)?.parentPid ?? shellPid, shellPid);
  let missing = count - new Set(execs.map(({ arguments: args }) => args[3])).size;
  for (const { pid, parentPid, arguments: args } of execs) {
    assert.deepEqual(args.slice(0, 3), ["sh", "-c", `exit $((${args[3]} % 100))`]);
    assert.equal(parentPid, xargsPid);
    const [start, exit] = [starts.get(pid), exits.get(pid)];
    assert.equal(start?.parentPid ?? xargsPid, xargsPid);
    assert.equal(exit?.exitCode ?? Number(args[3]) % 100, Number(args[3]) % 100);
    missing += Number(start === undefined) + Number(exit === undefined);
  }
  assert.ok(missing <= interrupted, `${missing} are missing, and ${interrupted} are counted as such`);
  assert.ok(missing < count / 100, `${missing} are missing`);
  assert.equal(log.all("exit").length, exits.size, "no process ends twice");
});

test("what the kernel half saw is what was told and what was lost", async () => {
  await using log = await EventLog.start({ ringBytes: 4096 });
  // This process cannot read meanwhile: most of it finds the ring full.
  spawnSync("/bin/sh", ["-c", `i=0; while [ $i -lt 100 ]; do /bin/true; ${folder}/missing; i=$((i + 1)); done`]);
  await log.stop();
  const lost = log.tracer.lost();
  for (const kind of ["starts", "execs", "execFailures", "exits"] as const) assert.ok(lost[kind] > 0, kind);
  const lostInRing = lost.starts + lost.execs + lost.execFailures + lost.exits;
  assert.equal(log.events.length + lostInRing, log.tracer.seen);
  const report = await log.tracer.snapshot();
  assert.deepEqual(report.lost, lost);
  assert.equal(report.starts, log.all("start").length);
  assert.equal(report.execs, log.all("exec").length);
});

test("a reader that is too slow loses events, which are counted, and the counts lose none", async () => {
  await using log = await EventLog.start();
  using slow = log.tracer.events({ capacity: 5 });
  const { pid } = await shell("for i in 1 2 3 4 5 6 7 8 9; do /bin/true; done; exit 0");
  await log.first("exit", pid);
  assert.equal(slow.pending, 5);
  await log.stop();
  const { starts, execs, execFailures, exits, lost } = await log.tracer.snapshot();
  const counted = [execFailures, exits.codes, exits.signals].flatMap((counts) => Object.values(counts) as number[]);
  assert.equal(
    counted.reduce((sum, count) => sum + count, starts + execs),
    log.events.length,
  );
  assert.equal(lost.unread, log.events.length - 5);
});

test("snapshots count each event once", async () => {
  const waiting = spawn("/bin/sh", ["-c", "read -r _; sh -c 'exit 3'; sh -c 'exit 3'; read -r _; kill -TERM $$"]);
  assert.ok(waiting.pid !== undefined);
  await using log = await EventLog.start({ pids: [waiting.pid] });
  waiting.stdin.write("\n");
  while (log.all("exit").length < 2) await setTimeout(10);
  const first = await log.tracer.snapshot();
  assert.deepEqual([first.starts, first.execs, first.exits], [2, 2, { codes: { 3: 2 }, signals: {} }]);
  waiting.stdin.write("\n");
  await log.tracer.exited;
  await log.stop();
  const second = await log.tracer.snapshot();
  assert.deepEqual([second.starts, second.execs, second.exits], [0, 0, { codes: {}, signals: { SIGTERM: 1 } }]);
});

test("options out of range are refused with what to do", async () => {
  await assert.rejects(EventLog.start({ pids: [4_194_304] }), { code: "not-found" });
  await assert.rejects(EventLog.start({ cgroupPath: "/proc" }), { code: "invalid-argument" });
});
