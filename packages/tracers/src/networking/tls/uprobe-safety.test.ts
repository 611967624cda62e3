import assert from "node:assert/strict";
import { test } from "node:test";
import { uprobesAreSafe } from "./uprobe-safety.ts";

test("uprobes are safe where no task is preempted in a program, or each call has its own stack", () => {
  for (const [version, build, commandLine, configuration, expected] of [
    ["6.12.0", "#1 SMP PREEMPT_DYNAMIC Debian", "", undefined, true],
    ["6.18.5", "#1 SMP PREEMPT_DYNAMIC @0", "", "CONFIG_PREEMPT_NONE=y\n", true],
    ["6.18.5", "#1 SMP PREEMPT_DYNAMIC @0", "", "CONFIG_PREEMPT_VOLUNTARY=y\n", true],
    ["6.18.5", "#1 SMP PREEMPT_DYNAMIC @0", "", "# CONFIG_PREEMPT_NONE is not set\nCONFIG_PREEMPT=y\n", false],
    ["6.18.5", "#1 SMP PREEMPT_DYNAMIC @0", "quiet preempt=full", "CONFIG_PREEMPT_NONE=y\n", false],
    ["6.18.5", "#1 SMP PREEMPT_DYNAMIC @0", "preempt=none", "CONFIG_PREEMPT=y\n", true],
    ["6.18.5", "#1 SMP PREEMPT_DYNAMIC @0", "", undefined, false],
    ["6.18.5", "#1 SMP", "", undefined, true],
    ["7.2.0", "#1 SMP PREEMPT_DYNAMIC @0", "", "CONFIG_PREEMPT_NONE=y\n", false],
  ] as const) {
    const [major = 0, minor = 0, patch = 0] = version.split(".").map(Number);
    const kernel = { version: { major, minor, patch }, build, commandLine, configuration: () => configuration };
    assert.equal(uprobesAreSafe(kernel), expected, JSON.stringify(kernel));
  }
});
