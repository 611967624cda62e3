import assert from "node:assert/strict";
import { test } from "node:test";
import { syscallReport } from "../testing/syscall-reports.ts";
import { encodeSyscallsJson } from "./syscalls-json.ts";

test("the object has what the command line promises", () => {
  const text = encodeSyscallsJson(syscallReport());
  assert.match(text, /^\{.*\}\n$/);
  const object = JSON.parse(text);
  assert.deepEqual(Object.keys(object), ["durationNs", "lost", "incomplete", "syscalls", "processes"]);
  assert.deepEqual(object.syscalls[2], {
    name: "openat",
    compat: false,
    calls: 1200,
    errors: { ENOENT: 1000, EACCES: 3 },
    timedCalls: 1200,
    totalNs: 14_400_000,
    maxNs: 200_000,
    histogramNs: [
      [8192, 16384, 1100],
      [16384, 32768, 90],
      [131072, 262144, 10],
    ],
    running: 0,
  });
  const [process] = object.processes;
  assert.deepEqual(
    [process.pid, process.name, process.executablePath, process.syscalls.length],
    [4242, "node", "/usr/bin/node", 2],
  );
});

test("a hostile process name stays data", () => {
  const name = "\x1b[2J\x9b\u202e\n";
  const text = encodeSyscallsJson(syscallReport({ processes: [{ process: { pid: 1, name }, syscalls: [] }] }));
  assert.match(text, /^[\x20-\x7e]+\n$/);
  assert.equal(JSON.parse(text).processes[0].name, name);
});
