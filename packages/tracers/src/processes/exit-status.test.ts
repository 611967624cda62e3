import assert from "node:assert/strict";
import { test } from "node:test";
import { exitStatus } from "./exit-status.ts";

test("a wait status is an exit code, or a signal that may have left a core", () => {
  for (const [waitStatus, expected] of [
    [0x0000, { exitCode: 0, coreDumped: false }],
    [0x0100, { exitCode: 1, coreDumped: false }],
    [0xff00, { exitCode: 255, coreDumped: false }],
    [0x0009, { signal: "SIGKILL", coreDumped: false }],
    [0x000f, { signal: "SIGTERM", coreDumped: false }],
    [0x008b, { signal: "SIGSEGV", coreDumped: true }],
    [0x0023, { signal: "SIGRTMIN+1", coreDumped: false }],
  ] as const) {
    assert.deepEqual(exitStatus(waitStatus), expected);
  }
});
