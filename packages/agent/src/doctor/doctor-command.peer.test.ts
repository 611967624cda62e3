import assert from "node:assert/strict";
import { test } from "node:test";
import { runSkep } from "../cli/testing/skep-process.ts";

test("the text is plain where there is no terminal, fits in 80 columns, and ends with the verdict", async () => {
  const { code, stdout } = await runSkep(["doctor"]);
  assert.equal(code, 0);
  assert.ok(!stdout.includes("\x1b"));
  for (const line of stdout.split("\n")) assert.ok(line.length <= 80, line);
  assert.match(stdout, /\n\nSkep works here.*\n$/s);
});

test("without privileges the doctor says what is missing and how to get it", async () => {
  const { code, stdout, stderr } = await runSkep(["doctor"], { capabilities: [] });
  assert.equal(stderr, "");
  assert.match(stdout, / {2}✗ CAP_BPF +missing: needed to load BPF programs and maps\n/);
  assert.ok(
    stdout.endsWith(
      [
        "\nSkep does not work here: tracing is not permitted: CAP_BPF and CAP_PERFMON are",
        "missing",
        "run it as root (sudo), or grant them to Node.js:",
        'setcap cap_bpf,cap_perfmon,cap_sys_ptrace,cap_dac_read_search,cap_syslog+ep "$(command -v node)"\n',
      ].join("\n"),
    ),
    stdout,
  );
  assert.equal(code, 1);
});
