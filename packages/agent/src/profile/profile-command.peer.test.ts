import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { runSkep, SkepProcess } from "../cli/testing/skep-process.ts";

const directory = mkdtempSync(join(tmpdir(), "skep-profile-"));
after(() => rmSync(directory, { recursive: true }));
const at = (name: string) => join(directory, name);

test("without -o the results go to the current directory, with --json nowhere", async () => {
  const names = ["skep-profile.pb.gz", "skep-profile.html"];
  assert.equal((await runSkep(["profile", "-d", "0.1", "--json"], { cwd: directory })).code, 0);
  assert.deepEqual(
    names.map((name) => existsSync(at(name))),
    [false, false],
  );
  assert.equal((await runSkep(["profile", "-d", "0.1"], { cwd: directory })).code, 0);
  assert.deepEqual(
    names.map((name) => existsSync(at(name))),
    [true, true],
  );
});

test("COMMAND's output and standard input are its own without --json", async () => {
  const skep = new SkepProcess(["profile", "-o", at("cat.folded"), "--", "cat"]);
  skep.child.stdin.end("passed through\n");
  const { code, stdout } = await skep.result;
  assert.equal(code, 0);
  assert.match(stdout, /^passed through\n99 Hz on /);
});

test("COMMAND's failure is told, but is not ours", async () => {
  const failing = await runSkep(["profile", "--json", "--", "/bin/sh", "-c", "exit 3"]);
  assert.equal(failing.code, 0);
  assert.match(failing.stderr, /^skep: \/bin\/sh exited with code 3$/m);
  const killed = await runSkep(["profile", "--json", "--", "/bin/sh", "-c", "kill -9 $$"]);
  assert.equal(killed.code, 0);
  assert.match(killed.stderr, /^skep: \/bin\/sh was ended by SIGKILL$/m);
});

test("a COMMAND that runs longer than -d gets SIGTERM", async () => {
  // The result is complete when the last process that holds our pipes is gone: a sleep of 600 s would time out here.
  const result = await runSkep([
    "profile",
    "--json",
    "-d",
    "0.2",
    "--",
    "/bin/sh",
    "-c",
    `echo $$ >${at("sleeper")}; exec sleep 600`,
  ]);
  assert.equal(result.code, 0, result.stderr);
  const pid = Number(readFileSync(at("sleeper"), "utf8"));
  assert.match(result.stderr, new RegExp(`^skep: /bin/sh \\(${pid}\\) is still running and gets SIGTERM$`, "m"));
});

test("a process that is profiled by its id ends the run when it exits", async () => {
  const target = new SkepProcess(["profile", "--json", "-d", "3600"]);
  await target.says("Profiling every process");
  const skep = new SkepProcess(["profile", "--json", "-p", String(target.child.pid)]);
  await skep.says("Profiling process");
  target.child.kill("SIGKILL");
  assert.equal((await skep.result).code, 0);
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  test(`${signal} ends the run early, and the result is written`, async () => {
    const path = at(`${signal}.folded`);
    const skep = new SkepProcess(["profile", "-d", "3600", "-o", path]);
    await skep.says("Profiling every process");
    skep.child.kill(signal);
    const { code, stdout } = await skep.result;
    assert.equal(code, 0);
    assert.match(stdout, /^99 Hz on /);
    assert.ok(existsSync(path));
  });
}

const exited = spawnSync("true").pid;
const thread = readdirSync("/proc/self/task").find((id) => Number(id) !== process.pid);
const maximumHz = Number(readFileSync("/proc/sys/kernel/perf_event_max_sample_rate", "utf8"));
writeFileSync(at("plain"), "", { mode: 0o644 });
const marker = at("marker");
const SETCAP = 'setcap cap_bpf,cap_perfmon,cap_sys_ptrace,cap_dac_read_search,cap_syslog+ep "$(command -v node)"';

const refused: readonly {
  readonly what: string;
  readonly args: readonly string[];
  readonly code: number;
  readonly stderr: string | RegExp;
  readonly capabilities?: readonly string[];
}[] = [
  {
    what: "a user without capabilities",
    args: ["-d", "1"],
    capabilities: [],
    code: 1,
    stderr: `skep: profiling is not permitted: CAP_BPF and CAP_PERFMON are missing\n      run it as root (sudo), or grant them to Node.js:\n      ${SETCAP}\n`,
  },
  {
    what: "a process that has exited",
    args: ["-p", String(exited)],
    code: 1,
    stderr: `skep: there is no process ${exited}\n      it may have ended; list the running ones: ps -e\n`,
  },
  {
    what: "a thread of a process",
    args: ["-p", String(thread)],
    code: 1,
    stderr: `skep: ${thread} is a thread of process ${process.pid}\n      give the id of the process: ${process.pid}\n`,
  },
  {
    what: "a directory that is no cgroup",
    args: ["--cgroup", "/proc"],
    code: 1,
    stderr: /^skep: "\/proc" is not a cgroup of the v2 hierarchy\n {6}cgroups are directories below .*\n$/,
  },
  {
    what: "a cgroup that is not there",
    args: ["--cgroup", "no/such.slice"],
    code: 1,
    stderr: /^skep: there is no cgroup "no\/such.slice"\n {6}cgroups are directories below .*\n$/,
  },
  {
    what: "a frequency above the kernel's limit",
    args: ["-F", String(maximumHz + 1)],
    code: 1,
    stderr: `skep: cannot sample at ${maximumHz + 1} Hz\n      give a whole number from 1 to ${maximumHz}, which is kernel.perf_event_max_sample_rate here\n`,
  },
  {
    what: "an output in a directory that is not there, before COMMAND starts",
    args: ["-o", at("missing/x.html"), "--", "touch", marker],
    code: 1,
    stderr: `skep: cannot write ${at("missing/x.html")}: no such file or directory (ENOENT)\n      make the directory first: mkdir -p ${at("missing")}\n`,
  },
  {
    what: "an output of no known format, before COMMAND starts",
    args: ["-o", at("x.txt"), "--", "touch", marker],
    code: 2,
    stderr: /^skep: the name of .*x\.txt does not say which format to write\n {6}it must end in one of \.pb\.gz /,
  },
  {
    what: "a COMMAND that is not there",
    args: ["--", at("nope")],
    code: 127,
    stderr: /^skep: cannot start .*nope: there is no such command \(ENOENT\)\n {6}what follows -- runs as it is, /,
  },
  {
    what: "a COMMAND that cannot be executed",
    args: ["--", at("plain")],
    code: 126,
    stderr: /^skep: cannot start .*plain: permission denied \(EACCES\)\n/,
  },
];

for (const { what, args, code, stderr, capabilities } of refused) {
  test(`refuses ${what}`, async () => {
    const result = await runSkep(["profile", ...args], { cwd: directory, ...(capabilities && { capabilities }) });
    if (typeof stderr === "string") assert.equal(result.stderr, stderr);
    else assert.match(result.stderr, stderr);
    assert.deepEqual([result.code, result.stdout], [code, ""]);
    assert.ok(!existsSync(marker));
  });
}
