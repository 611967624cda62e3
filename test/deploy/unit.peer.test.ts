import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { skepMain } from "../../packages/agent/src/cli/testing/skep-process.ts";
import { unitFile, unitValues } from "./deploy-files.ts";

const folder = mkdtempSync(join(tmpdir(), "skep-unit-"));
after(() => rmSync(folder, { recursive: true }));

/** What systemd says of the unit, which starts an executable that is here. */
function verify(text: string): { readonly status: number | null; readonly stderr: string } {
  const unit = join(folder, "skep.service");
  writeFileSync(unit, text.replaceAll("/opt/skep/bin/skep", process.execPath));
  return spawnSync("systemd-analyze", ["verify", unit], { encoding: "utf8" });
}

test("systemd finds nothing wrong with the unit", () => {
  const unit = readFileSync(unitFile, "utf8");
  const { status, stderr } = verify(unit);
  assert.deepEqual({ status, stderr }, { status: 0, stderr: "" });
  // It does say what it doesn't know.
  assert.match(verify(unit.replace("NoNewPrivileges", "NoMorePrivileges")).stderr, /NoMorePrivileges/);
});

test("the agent makes no system call that the unit's filter would kill it for", () => {
  const trace = join(folder, "trace");
  const config = join(folder, "skep.yaml");
  writeFileSync(
    config,
    `intervalSeconds: 1\npage: {port: 0}\notlp: {endpoint: "http://127.0.0.1:9", spool: {directory: ${folder}/spool}}\n`,
  );
  const agent = `node="$1"; shift; "$node" --conditions=skep-source "$@" 2>"$0" & pid=$!
    until grep -q "  OTLP  " "$0"; do sleep 0.1; done; kill -TERM $pid; wait $pid`;
  const summary = ["-f", "-c", "-U", "name", "-o", trace];
  const { status, stderr } = spawnSync(
    "strace",
    [...summary, "sh", "-c", agent, join(folder, "stderr"), process.execPath, skepMain, "run", "--config", config],
    { encoding: "utf8", timeout: 90_000 },
  );
  assert.deepEqual({ status, stderr }, { status: 0, stderr: "" });
  // Between its head and its total.
  const [, table = ""] = readFileSync(trace, "utf8").split(/^-+\n/m);
  const used = table.split("\n").filter((name) => name !== "");
  assert.ok(used.includes("bpf") && used.includes("perf_event_open"));
  const allowed = new Set(unitValues("SystemCallFilter").flatMap(systemCallsOf));
  assert.deepEqual(
    used.filter((name) => !allowed.has(name)),
    [],
  );
});

/** Of a group, all that is in it. */
function systemCallsOf(name: string): string[] {
  if (!name.startsWith("@")) return [name];
  const { stdout } = spawnSync("systemd-analyze", ["syscall-filter", name], { encoding: "utf8" });
  const members = stdout
    .split("\n")
    .slice(1)
    .map((line) => line.trim())
    .filter((line) => /^@?\w/.test(line));
  return members.flatMap((member) => systemCallsOf(member));
}
