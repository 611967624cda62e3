import assert from "node:assert/strict";
import { test } from "node:test";
import { processReport } from "../testing/process-events.ts";
import { encodeProcessSummary, formatProcessSummary } from "./processes-summary.ts";

test("says how many of what there was, and that nothing was lost", () => {
  const summary = { report: processReport(), seen: 1336, delivered: 1336 };
  assert.deepEqual(formatProcessSummary(summary, undefined, 80), [
    "Processes for 10.0 s: 120 starts, 1,100 execs, 4 failed, 112 exits, 0 lost",
  ]);
});

test("says what was lost, and what is incomplete", () => {
  const report = processReport({
    lost: { starts: 0, execs: 1200, execFailures: 0, exits: 0, interrupted: 0, unread: 3 },
    incomplete: { childrenNotFollowed: 0, cgroupsUnknown: 2, threadTimesShort: 0, callsNotSeen: 0 },
  });
  assert.deepEqual(formatProcessSummary({ report, seen: 2539, delivered: 1336 }, "process 7", 100), [
    "Processes of process 7 for 10.0 s: 120 starts, 1,100 execs, 4 failed, 112 exits, 1,203 lost",
    "lost: execs 1,200, unread 3",
    "",
    "incomplete:",
    "  2 cgroups whose path did not get through",
  ]);
});

test("the JSON has what the command line promises first", () => {
  const text = encodeProcessSummary({ report: processReport(), seen: 1340, delivered: 1336 });
  assert.match(text, /^\{"kind":"summary","durationNs":10000000000,"seen":1340,"delivered":1336,"lost":\{.*\}\n$/);
  assert.deepEqual(Object.keys(JSON.parse(text)), [
    "kind",
    "durationNs",
    "seen",
    "delivered",
    "lost",
    "incomplete",
    "starts",
    "execs",
    "execFailures",
    "exits",
  ]);
});
