import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { capabilitiesOf } from "./limit-privileges.ts";

const script = `
  import { readFileSync } from "node:fs";
  import { limitPrivileges } from ${JSON.stringify(new URL("./limit-privileges.ts", import.meta.url).href)};
  limitPrivileges();
  console.log(process.pid, process.argv.slice(1).join(" "));
  console.log(readFileSync("/proc/self/status", "latin1"));
`;

test("of root's privileges those for tracing are left, in every thread and for good", () => {
  const { stdout, stderr, pid } = spawnSync(
    process.execPath,
    ["--conditions=skep-source", "--input-type=module", "--eval", script, "run", "--config", "a b"],
    { encoding: "utf8" },
  );
  assert.equal(stderr, "");
  // The same process, with the same arguments.
  assert.equal(stdout.split("\n", 1)[0], `${pid} run --config a b`);
  const set = (name: string) => new RegExp(`^${name}:\\s*([0-9a-f]+)$`, "m").exec(stdout)?.[1];
  // capsh --decode=c401080004: dac_read_search, sys_ptrace, sys_resource, syslog, perfmon, bpf; those that we had.
  const left = 0xc401080004n & capabilitiesOf(readFileSync("/proc/self/status", "latin1"));
  const expected = left.toString(16).padStart(16, "0");
  assert.deepEqual([set("CapBnd"), set("CapPrm"), set("CapEff")], [expected, expected, expected]);
  assert.match(stdout, /^NoNewPrivs:\t1$/m);
});
