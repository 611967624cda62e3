import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { assertProcessesExist, descendantsOf } from "./processes.ts";

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
