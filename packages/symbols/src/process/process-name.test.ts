import assert from "node:assert/strict";
import { test } from "node:test";
import { processName } from "./process-name.ts";

test("a process is named after its first thread, or its executable where a runtime named the thread", () => {
  for (const [threadName, executablePath, expected] of [
    ["nginx", "/usr/sbin/nginx", "nginx"],
    ["api", "/usr/bin/node", "api"],
    ["MainThread", "/usr/bin/node", "node"],
    ["node-MainThread", "/opt/app/server (deleted)", "server"],
    ["MainThread", undefined, "MainThread"],
    ["kworker/0:1", undefined, "kworker/0:1"],
  ] as const) {
    assert.equal(processName(threadName, executablePath), expected);
  }
});
