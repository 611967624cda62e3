import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { assertProcessesExist, descendantsOf, isRunning } from "./processes.ts";

test("descendants are children and their children, not the process itself or strangers", async () => {
  const shell = spawn("/bin/sh", ["-c", "(sleep 30 & echo $!; wait) ; :"], { stdio: ["ignore", "pipe", "ignore"] });
  try {
    assert.ok(shell.pid !== undefined);
    const [output] = await once(shell.stdout, "data");
    const sleeper = Number(String(output));
    const found = descendantsOf([shell.pid]);
    assert.ok(found.has(sleeper), "the grandchild is found");
    assert.ok(!found.has(shell.pid), "the process itself is not");
    assert.ok(!found.has(process.pid), "its parent is not");
    process.kill(sleeper);
  } finally {
    shell.kill();
  }
});

test("a process runs until its last thread has ended, though it is a zombie by its first one", async () => {
  const program = fileURLToPath(new URL("../processes/testing/leader-first.mjs", import.meta.url));
  const { pid = 0, stdout } = spawn(process.execPath, [program], { stdio: ["ignore", "pipe", "inherit"] });
  const stateOf = (path: string) => /\) (\w)/.exec(readFileSync(`${path}/stat`, "latin1"))?.[1];
  let seen = 0;
  for (; stdout.readableLength === 0 && seen < 5; await setTimeout(1)) {
    if (stateOf(`/proc/${pid}`) !== "Z") continue;
    const runs = isRunning(pid);
    const others = readdirSync(`/proc/${pid}/task`).filter((tid) => Number(tid) !== pid);
    if (!others.some((tid) => "RSD".includes(stateOf(`/proc/${pid}/task/${tid}`) ?? "Z"))) break;
    assert.ok(runs);
    seen++;
  }
  assert.ok(seen > 0, "its first thread was seen to have ended");
});

test("one that has ended and was not waited for does not run", async () => {
  // The shell would wait for a child that ends before it has become sleep, which never waits: the child ends when told to.
  const script = "exec 3<&0; read -r _ <&3 & echo $!; exec sleep 30";
  const shell = spawn("/bin/sh", ["-c", script], { stdio: ["pipe", "pipe", "ignore"] });
  try {
    const [output] = await once(shell.stdout, "data");
    const pid = Number(String(output));
    while (readFileSync(`/proc/${shell.pid}/comm`, "latin1") !== "sleep\n") await setTimeout(1);
    assert.ok(isRunning(pid));
    shell.stdin.end();
    while (isRunning(pid)) await setTimeout(1);
    assert.match(readFileSync(`/proc/${pid}/stat`, "latin1"), /\) Z /);
  } finally {
    shell.kill();
  }
});

test("a process that is not there is named", () => {
  assertProcessesExist([process.pid]);
  assert.throws(() => assertProcessesExist([process.pid, 4_194_304]), {
    code: "not-found",
    message: "there is no process 4194304",
  });
});

test("a thread's id is no process", () => {
  const thread = readdirSync("/proc/self/task")
    .map(Number)
    .find((tid) => tid !== process.pid);
  assert.ok(thread !== undefined, "Node.js has more than one thread");
  assert.throws(() => assertProcessesExist([thread]), {
    code: "invalid-argument",
    message: `${thread} is a thread of process ${process.pid}`,
    hint: `give the id of the process: ${process.pid}`,
  });
});
