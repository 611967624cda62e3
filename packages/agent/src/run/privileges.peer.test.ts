import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { test } from "node:test";
import { runSkep } from "../cli/testing/skep-process.ts";

/** Copies nothing to nowhere until it is disposed of. */
function kernelLoad(): Disposable {
  const child = spawn("dd", ["if=/dev/zero", "of=/dev/null"], { stdio: "ignore" });
  return { [Symbol.dispose]: () => void child.kill() };
}

test("CAP_BPF and CAP_PERFMON are enough to profile every process, without names in the kernel", async () => {
  // An idle machine has no samples at all.
  using _ = kernelLoad();
  const { code, stdout, stderr } = await runSkep(["profile", "--json", "-d", "0.5"], {
    capabilities: ["bpf", "perfmon"],
  });
  assert.equal(code, 0, stderr);
  assert.ok("functions" in JSON.parse(stdout));
  assert.match(stderr, /^skep: kernel functions have no names: /m);
});

for (const [command, kind] of [
  ["syscalls", undefined],
  ["processes", "summary"],
  ["files", "summary"],
  ["network", "summary"],
  ["http", "summary"],
] as const) {
  test(`CAP_BPF and CAP_PERFMON are enough to trace ${command}`, async () => {
    const { code, stdout, stderr } = await runSkep([command, "--json", "-d", "0.5"], {
      capabilities: ["bpf", "perfmon"],
    });
    assert.equal(code, 0, stderr);
    assert.equal(JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "").kind, kind);
  });
}

test("with CAP_SYSLOG the kernel's functions have names", async () => {
  const { code, stderr } = await runSkep(["profile", "--json", "-d", "0.1"], {
    capabilities: ["bpf", "perfmon", "syslog"],
  });
  assert.equal(code, 0, stderr);
  assert.doesNotMatch(stderr, /have no names/);
});

for (const [has, lacks] of [
  ["bpf", "CAP_PERFMON"],
  ["perfmon", "CAP_BPF"],
] as const) {
  test(`with ${has} alone ${lacks} is named as missing`, async () => {
    const { code, stdout, stderr } = await runSkep(["profile", "--json", "-d", "0.1"], { capabilities: [has] });
    assert.match(
      stderr,
      new RegExp(`^skep: profiling is not permitted: ${lacks} is missing\n {6}run it as root \\(sudo\\), `),
    );
    assert.deepEqual([code, stdout], [1, ""]);
  });
}

test("the doctor says what each missing capability costs, and that profiling works all the same", async () => {
  const { code, stdout, stderr } = await runSkep(["doctor", "--json"], { capabilities: ["bpf", "perfmon"] });
  assert.equal(code, 0, stderr);
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
