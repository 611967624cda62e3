import assert from "node:assert/strict";
import { test } from "node:test";
import type { SlowOperation } from "@skep/tracers/files";
import type { ProcessEvent } from "@skep/tracers/processes";
import { exec, execFailure, exit, NO_PID, nginx, plainRound, processReport } from "../pipeline/testing/plain-round.ts";
import { ResourceCatalog } from "../resources/resource-catalog.ts";
import type { ProcessLogOptions } from "./process-logs.ts";
import { roundLogs } from "./round-logs.ts";

const catalog = new ResourceCatalog({ version: "1.0" });

function logsOf(
  events: readonly ProcessEvent[],
  options: ProcessLogOptions = {},
  slowOperations: readonly SlowOperation[] = [],
) {
  const round = plainRound({ processes: { report: processReport({}), events, lost: {} }, slowOperations });
  return roundLogs(round, (process) => catalog.of(process, "program"), { name: "skep" }, options);
}

function recordOf(event: ProcessEvent, options?: ProcessLogOptions) {
  const record = logsOf([event], options)[0]?.scopes[0]?.records[0];
  assert.ok(record);
  return record;
}

const COMMON = { "process.pid": NO_PID, "process.parent_pid": 1, "process.real_user.id": 33 };

test("an exec says what runs, and not by which arguments", () => {
  const { timeUnixNs, eventName, severityNumber, body, attributes } = recordOf(exec);
  assert.equal(timeUnixNs, exec.timeUnixNs);
  assert.deepEqual([eventName, severityNumber], ["linux.process.exec", 9]);
  assert.equal(body, `nginx (${NO_PID}) runs /usr/sbin/nginx`);
  assert.deepEqual(withoutUndefined(attributes), {
    ...COMMON,
    "process.executable.path": "/usr/sbin/nginx",
    "process.working_directory": "/",
    "process.args_count": 2,
  });
});

function withoutUndefined(attributes: unknown): unknown {
  return JSON.parse(JSON.stringify(attributes));
}

for (const event of [exec, execFailure, exit]) {
  test(`no argument of a command is in the record of an ${event.kind}, unless that is asked for`, () => {
    assert.doesNotMatch(JSON.stringify(recordOf(event), bigintAsText), /secret/);
    const asked = JSON.stringify(recordOf(event, { commandLines: true }), bigintAsText);
    assert.equal(asked.includes("--password=secret"), event.kind !== "exit");
  });
}

function bigintAsText(_: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}

test("a failed exec has its errno for a type of error", () => {
  const { eventName, severityNumber, body, attributes } = recordOf(execFailure);
  assert.deepEqual([eventName, severityNumber], ["linux.process.exec_failure", 13]);
  assert.equal(body, `nginx (${NO_PID}) could not run /no/such: ENOENT`);
  assert.equal(attributes?.["error.type"], "ENOENT");
  assert.equal(attributes["process.command"], "/no/such");
});

const { exitCode: _, ...killed } = { ...exit, signal: "SIGKILL" };
const ends: readonly [event: ProcessEvent, severity: number, body: string][] = [
  [exit, 9, "exited with code 3"],
  [killed, 13, "was ended by SIGKILL"],
  [{ ...killed, signal: "SIGSEGV", coreDumped: true }, 17, "was ended by SIGSEGV, which dumped its core"],
];

for (const [event, severity, body] of ends) {
  test(`of a process that ${body} the severity is ${severity}`, () => {
    const record = recordOf(event);
    assert.deepEqual([record.body, record.severityNumber], [`nginx (${NO_PID}) ${body}`, severity]);
    assert.equal(record.attributes?.["linux.process.cpu_time_ns"], 1e9);
  });
}

test("records are grouped by program; a process that only forked has none", () => {
  const start: ProcessEvent = { ...exit, kind: "start" };
  const shell = { ...exec, pid: NO_PID + 9, name: "sh", executablePath: "/bin/sh" };
  const slow: SlowOperation = {
    kind: "slow",
    timeUnixNs: 5n,
    process: nginx,
    path: "/var/log/a",
    type: "file",
    fileSystem: "ext4",
    operation: "write",
    call: "pwrite64",
    bytes: 10,
    durationNs: 12_340_000,
  };
  const groups = logsOf([start, exec, shell, exit], {}, [slow]).map(({ resource, scopes }) => [
    resource.attributes["service.name"],
    scopes.flatMap(({ records }) => records.map(({ eventName }) => eventName)),
  ]);
  assert.deepEqual(groups, [
    ["unknown_service:nginx", ["linux.process.exec", "linux.process.exit", "linux.file.slow_operation"]],
    ["unknown_service:sh", ["linux.process.exec"]],
  ]);
  const record = logsOf([], {}, [slow])[0]?.scopes[0]?.records[0];
  assert.equal(record?.body, `pwrite64 of /var/log/a by nginx (${NO_PID}) took 12.3 ms`);
});
