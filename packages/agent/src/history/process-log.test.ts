import assert from "node:assert/strict";
import { test } from "node:test";
import type { ProcessEvent } from "@skep/tracers/processes";
import { ProcessLog } from "./process-log.ts";
import { HistoryTables } from "./tables.ts";
import { processEvents } from "./testing/rounds.ts";

test("events come back, newest first, numbered", () => {
  const log = new ProcessLog(100_000, new HistoryTables(1_000_000));
  for (const event of processEvents(5000)) log.add(event);
  const of = { pid: 4243, parentPid: 7, userId: 1000, timeMs: 5000 };
  assert.deepEqual(
    [...log.entries()],
    [
      {
        ...of,
        number: 2,
        kind: "exit",
        name: "ls",
        exitCode: 2,
        lifetimeNs: 5_000_000,
        cpuTimeNs: 2_000_000,
        peakResidentBytes: 3_000_000,
      },
      { ...of, number: 1, kind: "exec", name: "ls", command: 'ls -l "no such file"' },
      { ...of, number: 0, kind: "start", name: "sh" },
    ],
  );
});

test("how a process ended, or why it did not start, is kept", () => {
  const log = new ProcessLog(100_000, new HistoryTables(1_000_000));
  const [start, exec, exit] = processEvents(5000);
  assert.ok(start?.kind === "start" && exec?.kind === "exec" && exit?.kind === "exit");
  const { exitCode: _, ...killed } = exit;
  const failure: ProcessEvent = { ...exec, kind: "exec-failure", path: "/no/such", error: "ENOENT" };
  log.add({ ...killed, signal: "SIGSEGV", coreDumped: true, containerId: "c0ffee" });
  log.add(failure);
  const [failed, ended] = [...log.entries()];
  assert.deepEqual([failed?.command, failed?.error], ["/no/such", "ENOENT"]);
  assert.deepEqual(
    [ended?.signal, ended?.coreDumped, ended?.exitCode, ended?.containerId],
    ["SIGSEGV", true, undefined, "c0ffee"],
  );
});

test("the oldest make room for the newest, and are counted", () => {
  const limitBytes = 10_000;
  const log = new ProcessLog(limitBytes, new HistoryTables(1_000_000));
  assert.ok(log.sizeBytes <= limitBytes);
  for (let index = 0; index < 1000; index++) {
    for (const event of processEvents(index)) log.add({ ...event, pid: index });
  }
  assert.equal(log.forgotten, 3000 - log.size);
  const pids = [...log.entries()].map(({ pid }) => pid);
  assert.equal(pids[0], 999);
  assert.equal(pids.length, log.size);
  log.dropBefore(998);
  assert.deepEqual(
    [...log.entries()].map(({ pid }) => pid),
    [999, 999, 999, 998, 998, 998],
  );
});

test("a long command line is cut, and no character of it is obeyed", () => {
  const log = new ProcessLog(100_000, new HistoryTables(1_000_000));
  const [, exec] = processEvents(0);
  assert.ok(exec?.kind === "exec");
  log.add({ ...exec, arguments: ["\u001b[2J", "x".repeat(5000)] });
  const command = [...log.entries()][0]?.command ?? "";
  assert.ok(command.startsWith("\\x1b[2J xxx"), command);
  assert.ok(command.endsWith("…") && command.length < 320, `${command.length} characters`);
});
