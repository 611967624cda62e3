import assert from "node:assert/strict";
import { test } from "node:test";
import { signalName } from "./signal-name.ts";

test("signals go by the name that kill -l lists first", () => {
  for (const [number, name] of [
    [1, "SIGHUP"],
    [6, "SIGABRT"],
    [9, "SIGKILL"],
    [11, "SIGSEGV"],
    [17, "SIGCHLD"],
    [31, "SIGSYS"],
    [32, "SIG32"],
    [34, "SIGRTMIN"],
    [35, "SIGRTMIN+1"],
    [64, "SIGRTMIN+30"],
    [65, "SIG65"],
  ] as const) {
    assert.equal(signalName(number), name);
  }
});
