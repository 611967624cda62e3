/** The process tracer against wait4(), strace, and C programs that do what a shell cannot. */

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { ProcessEvent } from "./process-event.ts";
import { EventLog } from "./testing/event-log.ts";

const folder = mkdtempSync(join(tmpdir(), "skep-processes-"));
after(() => rmSync(folder, { recursive: true }));

/** Compiles a program of the testing folder, so that it needs no other file to run. */
function compile(name: string): string {
  const program = join(folder, name);
  const source = fileURLToPath(new URL(`testing/${name}.c`, import.meta.url));
  execFileSync("gcc", ["-O1", "-Wall", "-Werror", "-static", "-o", program, source, "-lpthread"]);
  return program;
}

async function run(command: string, args: readonly string[]): Promise<{ pid: number | undefined; output: string }> {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (data) => {
    output += data;
  });
  await once(child, "close");
  return { pid: child.pid, output };
}

/** The scheduler accounts for what runs at least so often: 100 Hz. */
const TICK_US = 10_000;

/** What wait4() says of a child. */
interface Waited {
  readonly pid: number;
  readonly status: number;
  readonly cpuUs: number;
  readonly peakResidentBytes: number;
}

/** Runs each command, one after the other, and waits for it with wait4(). */
async function waitFor(commands: readonly (readonly string[])[]): Promise<Waited[]> {
  const script = `
import json, os, sys
for command in json.loads(sys.argv[1]):
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=[(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)])
    _, status, usage = os.wait4(pid, 0)
    cpu = round(usage.ru_utime * 1e6) + round(usage.ru_stime * 1e6)
    print(json.dumps({"pid": pid, "status": status, "cpuUs": cpu, "peakResidentBytes": usage.ru_maxrss * 1024}))
`;
  const { output } = await run("/usr/bin/python3", ["-c", script, JSON.stringify(commands)]);
  return output
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Waited);
}

test("codes, CPU time and memory are those of wait4()", async () => {
  await using log = await EventLog.start();
  const burn = ["-c", "x = bytearray(50_000_000)\nfor i in range(1_000_000): pass"];
  const waited = await waitFor([
    ...Array.from({ length: 100 }, () => ["/bin/true"]),
    ["/bin/false"],
    ["/bin/sh", "-c", "kill -KILL $$"],
    ["/bin/sh", "-c", "ulimit -c unlimited; cd /tmp; kill -QUIT $$"],
    ["/usr/bin/python3", ...burn],
    [compile("thread-burst"), "8"],
  ]);
  const differencesUs: number[] = [];
  for (const { pid, status, cpuUs, peakResidentBytes } of waited) {
    const exit = await log.first("exit", pid);
    const told = exit.signal === undefined ? (exit.exitCode ?? 0) << 8 : signalNumbers[exit.signal];
    assert.equal((told ?? 0) | (exit.coreDumped ? 0x80 : 0), status);
    assert.equal(exit.peakResidentBytes, peakResidentBytes);
    differencesUs.push(exit.cpuTimeNs / 1000 - cpuUs);
  }
  // wait4() cuts both user and system time to microseconds. It may be answered before the child has left its CPU for
  // good: then it lacks what that was since the last tick, which we have. Never is it more than ours, except of the last
  // program: its threads are killed all at once, and what one of them ran since the last tick may come after our end.
  const ofThreads = differencesUs.pop() ?? Number.NaN;
  assert.ok(ofThreads > -TICK_US, `${ofThreads} us`);
  assert.ok(Math.min(...differencesUs) > -2, `${Math.min(...differencesUs)} us`);
  const exact = differencesUs.filter((difference) => difference < 3).length;
  assert.ok(exact > waited.length / 2, `${exact} of ${waited.length} are the same: ${differencesUs.join(" ")}`);
});

const signalNumbers: Readonly<Record<string, number>> = { SIGKILL: 9, SIGQUIT: 3 };

test("a child that nobody waits for is told with what it took, and not twice that", async () => {
  await using log = await EventLog.start();
  // With SIGCHLD ignored the kernel reaps it before it has left its CPU. It says itself what it took so far.
  const script = `
import os, signal, sys, time
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
if os.fork() == 0:
    while time.process_time() < 0.1: pass
    print(os.getpid(), time.process_time_ns(), flush=True)
    os._exit(0)
try: os.wait()
except ChildProcessError: pass
`;
  const { output } = await run("/usr/bin/python3", ["-c", script]);
  const [pid, ownNs = 0] = output.split(" ").map(Number);
  const exit = await log.first("exit", pid);
  assert.ok(exit.cpuTimeNs >= ownNs && exit.cpuTimeNs < 1.5 * ownNs, `${exit.cpuTimeNs} ns of ${ownNs} ns`);
});

test("threads that ended before the process are in its CPU time to their last moment", async () => {
  await using log = await EventLog.start();
  const { pid, output } = await run(compile("thread-burst"), ["800"]);
  const exit = await log.first("exit", pid);
  const burntNs = Number(output);
  assert.ok(burntNs >= 800e6);
  assert.ok(exit.cpuTimeNs >= burntNs, `${exit.cpuTimeNs} ns of ${burntNs} ns`);
  assert.equal(exit.exitCode, 800 % 256);
  assert.equal(log.all("exit").filter((event) => event.pid === pid).length, 1);
});

test("a process whose threads end one by one ends with the last, with the code that its parent is told", async () => {
  await using log = await EventLog.start();
  const program = compile("leader-first");
  for (let round = 0; round < 20; round++) {
    const [waited] = await waitFor([[program]]);
    const exit = await log.first("exit", waited?.pid);
    assert.equal((exit.exitCode ?? 0) << 8, waited?.status);
    assert.ok(exit.cpuTimeNs >= 50e6, "the burnt time of the second thread is in it");
    assert.ok(exit.lifetimeNs >= 50e6);
    assert.equal(log.all("exit").filter((event) => event.pid === waited?.pid).length, 1);
  }
});

test("execveat() is told by its descriptor, whether it works or not", async () => {
  await using log = await EventLog.start();
  const { pid, output } = await run(compile("execveat"), ["/bin/echo"]);
  const [root, program] = output.split(/\s/);
  const failure = await log.first("exec-failure", pid);
  assert.equal(failure.path, `/dev/fd/${root}/no/such/program`);
  assert.deepEqual([failure.error, failure.arguments], ["ENOENT", ["by-descriptor", "argument"]]);
  const exec = await log.first("exec", (event) => event.pid === pid && event.path.startsWith("/dev/fd"));
  assert.equal(exec.path, `/dev/fd/${program}`);
  assert.deepEqual(exec.arguments, ["by-descriptor", "argument"]);
  assert.match(exec.executablePath, /\/bin\/echo$/);
});

test("a process in another root and mount namespace is told by the paths that it sees itself", async () => {
  await using log = await EventLog.start();
  const root = join(folder, "root");
  mkdirSync(root);
  const { pid } = await run(compile("elsewhere"), [root, compile("exec-storm")]);
  const exec = await log.first("exec", (event) => event.pid === pid && event.path === "/bin/program");
  assert.deepEqual([exec.executablePath, exec.workingDirectory], ["/bin/program", "/work"]);
});

interface Traced {
  readonly pid: number;
  readonly what: string;
}

/** What strace wrote, process by process: `prefix.PID`. */
function readStrace(prefix: string): Traced[] {
  return readdirSync(folder)
    .filter((name) => name.startsWith(`${prefix}.`))
    .flatMap((name) => {
      const pid = Number(name.slice(prefix.length + 1));
      const lines = readFileSync(join(folder, name), "utf8").trim().split("\n");
      // Signals that come are no end yet.
      return lines.filter((line) => !line.startsWith("---")).map((line) => ({ pid, what: summarize(line) }));
    })
    .sort((a, b) => a.pid - b.pid);
}

function summarize(line: string): string {
  const exec = /^execve\("([^"]*)", \[(.*)\], .* = (?:(0)|-1 (\w+))/.exec(line);
  if (exec !== null) return `exec ${exec[1]} [${exec[2]}] ${exec[4] ?? "worked"}`;
  const exit = /^\+\+\+ exited with (\d+) \+\+\+$/.exec(line);
  if (exit !== null) return `exited ${exit[1]}`;
  const killed = /^\+\+\+ killed by (\w+)( \(core dumped\))? \+\+\+$/.exec(line);
  assert.ok(killed !== null, line);
  return `killed ${killed[1]}${killed[2] ?? ""}`;
}

function describe(event: ProcessEvent): string | undefined {
  switch (event.kind) {
    case "start":
      return undefined;
    case "exec":
    case "exec-failure": {
      const quoted = event.arguments.map((argument) => JSON.stringify(argument)).join(", ");
      return `exec ${event.path} [${quoted}] ${event.kind === "exec" ? "worked" : event.error}`;
    }
    case "exit":
      if (event.signal === undefined) return `exited ${event.exitCode}`;
      return `killed ${event.signal}${event.coreDumped ? " (core dumped)" : ""}`;
  }
}

test("execs, failed ones and ends are those that strace sees in the same run", async () => {
  await using log = await EventLog.start();
  const script = `
    PATH=/nowhere:/bin
    true one 'two words'
    (exit 3)
    missing
    cat /etc/passwd | grep root | wc -l
    sh -c 'kill -TERM $$'
    sh -c 'exec sh -c "exec sh -c \\"exit 5\\""'
    for i in 1 2 3 4 5; do sh -c "exit $i" & done
    wait
    exit 42`;
  const strace = ["-ff", "-o", join(folder, "trace"), "-s", "1000", "-e", "trace=execve"];
  const { pid: stracePid } = await run("strace", [...strace, "/bin/sh", "-c", script]);
  await log.first("exit", stracePid);
  const traced = readStrace("trace");
  const pids = new Set(traced.map(({ pid }) => pid));
  const told = log.events
    .filter(({ pid }) => pids.has(pid))
    .flatMap((event) => {
      const what = describe(event);
      // What strace -s cuts, and what it escapes: the script itself.
      return what === undefined || what.includes("/nowhere:/bin") ? [] : [{ pid: event.pid, what }];
    })
    .sort((a, b) => a.pid - b.pid);
  assert.deepEqual(
    told,
    traced.filter(({ what }) => !what.includes("/nowhere:/bin")),
  );
  assert.ok(told.length > 20, `${told.length} lines`);
});

test("a storm of execs is told to the unit, lost ones included", async () => {
  await using log = await EventLog.start();
  const count = 4000;
  const { pid } = await run(compile("exec-storm"), [String(count), "8"]);
  await log.first("exit", pid);
  await log.stop();
  const ofStorm = log.all("start").filter(({ parentPid }) => parentPid === pid);
  const pids = new Set(ofStorm.map((start) => start.pid));
  const execs = log.all("exec").filter((event) => pids.has(event.pid));
  const exits = log.all("exit").filter((event) => pids.has(event.pid));
  assert.ok(Object.values(log.tracer.lost()).every((count) => count === 0));
  assert.deepEqual([pids.size, execs.length, exits.length], [count, count, count]);
  const numbers = new Map(execs.map((exec) => [exec.pid, Number(exec.arguments[1])]));
  assert.equal(new Set(numbers.values()).size, count);
  for (const exit of exits) assert.equal(exit.exitCode, (numbers.get(exit.pid) ?? -1) % 256);
  assert.equal(log.events.length, log.tracer.seen);
});
