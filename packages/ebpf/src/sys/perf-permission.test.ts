import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { capabilitySet } from "./capabilities.ts";
import { perfEventsTakeAdmin, perfPermissionMeaning } from "./perf-permission.ts";

const folder = mkdtempSync(join(tmpdir(), "skep-paranoid-"));
after(() => rmSync(folder, { recursive: true }));

for (const [level, takesAdmin] of [
  ["-1", false],
  ["2", false],
  ["3", true],
  ["4", true],
] as const) {
  test(`a perf_event_paranoid of ${level} ${takesAdmin ? "takes" : "doesn't take"} CAP_SYS_ADMIN`, () => {
    const path = join(folder, level);
    writeFileSync(path, `${level}\n`);
    assert.equal(perfEventsTakeAdmin(path), takesAdmin);
  });
}

test("a kernel that has no such setting does not ask for CAP_SYS_ADMIN", () => {
  assert.equal(perfEventsTakeAdmin(join(folder, "missing")), false);
});

test("who has CAP_PERFMON is told what else the kernel asks for", () => {
  const perfmon = capabilitySet(["CAP_PERFMON"]);
  const text = (takesAdmin: boolean, effective: bigint) => {
    const meaning = perfPermissionMeaning(takesAdmin, effective);
    return typeof meaning === "object" ? meaning.text : "";
  };
  assert.match(text(true, perfmon), /asks for CAP_SYS_ADMIN/);
  assert.equal(text(true, 0n), "CAP_PERFMON is missing");
  assert.equal(text(false, 0n), "CAP_PERFMON is missing");
});
