import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { NO_COVERAGE, NOBODY, skepMain } from "../cli/testing/skep-process.ts";

/** Runs skep as a user with these capabilities alone, which setpriv (util-linux) keeps for it across the exec. */
function runWith(capabilities: readonly string[], args: readonly string[]) {
  const set = ["-all", ...capabilities.map((name) => `+${name}`)].join(",");
  const user = ["--reuid", String(NOBODY), "--regid", String(NOBODY), "--clear-groups"];
  const privileges = [...user, "--inh-caps", set, "--ambient-caps", set];
  const node = [process.execPath, "--conditions=skep-source", skepMain];
  return spawnSync("setpriv", [...privileges, ...node, ...args], {
    encoding: "utf8",
    env: { ...process.env, ...NO_COVERAGE },
  });
}

test("CAP_BPF and CAP_PERFMON are enough to profile every process, without names in the kernel", () => {
  const { status, stdout, stderr } = runWith(["bpf", "perfmon"], ["profile", "--json", "-d", "0.5"]);
  assert.equal(status, 0, stderr);
  assert.ok("functions" in JSON.parse(stdout));
  assert.match(stderr, /^skep: kernel functions have no names: /m);
});

test("with CAP_SYSLOG the kernel's functions have names", () => {
  const { status, stderr } = runWith(["bpf", "perfmon", "syslog"], ["profile", "--json", "-d", "0.1"]);
  assert.equal(status, 0, stderr);
  assert.doesNotMatch(stderr, /have no names/);
});

for (const [has, lacks] of [
  ["bpf", "CAP_PERFMON"],
  ["perfmon", "CAP_BPF"],
] as const) {
  test(`with ${has} alone ${lacks} is named as missing`, () => {
    const { status, stdout, stderr } = runWith([has], ["profile", "--json", "-d", "0.1"]);
    assert.match(
      stderr,
      new RegExp(`^skep: profiling is not permitted: ${lacks} is missing\n {6}run it as root \\(sudo\\), `),
    );
    assert.deepEqual([status, stdout], [1, ""]);
  });
}

test("the doctor says what each missing capability costs, and that profiling works all the same", () => {
  const { status, stdout, stderr } = runWith(["bpf", "perfmon"], ["doctor", "--json"]);
  assert.equal(status, 0, stderr);
  const { works, sections } = JSON.parse(stdout) as {
    works: boolean;
    sections: { title: string; checks: { name: string; status: string; detail: string }[] }[];
  };
  assert.equal(works, true);
  const capabilities = sections.find(({ title }) => title === "Privileges of this process")?.checks ?? [];
  assert.deepEqual(
    capabilities.map(({ name, status: found }) => [name, found]),
    [
      ["CAP_BPF", "yes"],
      ["CAP_PERFMON", "yes"],
      ["CAP_SYS_PTRACE", "limited"],
      ["CAP_DAC_READ_SEARCH", "limited"],
      ["CAP_SYSLOG", "limited"],
    ],
  );
});
