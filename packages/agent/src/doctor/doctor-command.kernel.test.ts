import assert from "node:assert/strict";
import { release } from "node:os";
import { test } from "node:test";
import { runSkep } from "../cli/testing/skep-process.ts";
import type { DoctorReport } from "./report.ts";

test("where tracing works the doctor says so, and how", async () => {
  const { code, stdout, stderr } = await runSkep(["doctor", "--json"]);
  assert.equal(code, 0, stdout + stderr);
  const report: DoctorReport = JSON.parse(stdout);
  assert.equal(report.works, true);
  assert.equal(report.kernelRelease, release());
  const expected: readonly (readonly [title: string, names: readonly string[]])[] = [
    ["CPU profiler", ["CPU samples", "off-CPU time", "-p and COMMAND", "kernel functions", "user functions"]],
    ["System calls, processes, files", ["system calls", "processes", "files"]],
    ["Network", ["connections", "HTTP, DNS, UDP", "TLS", "packets"]],
  ];
  for (const [section, names] of expected) {
    const { checks = [] } = report.sections.find(({ title }) => title === section) ?? {};
    assert.deepEqual(
      checks.map(({ name }) => name),
      names,
    );
    for (const { name, status } of checks) assert.notEqual(status, "no", name);
  }
});
