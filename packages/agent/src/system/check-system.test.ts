import assert from "node:assert/strict";
import { test } from "node:test";
import { missingWanted } from "./capabilities.ts";
import { checkSystem } from "./check-system.ts";

const everything = missingWanted(0x1ffffffffffn);
const old = { release: "5.7.19-amd64", version: { major: 5, minor: 7, patch: 19 } };
const nothing = missingWanted(0n);
const kernel = {
  release: "6.12.90+deb13-cloud-amd64",
  version: { major: 6, minor: 12, patch: 90 },
  architecture: "x64",
  hasBtf: true,
};
const grant = [
  "run it as root (sudo), or grant them to Node.js:",
  'setcap cap_bpf,cap_perfmon,cap_sys_ptrace,cap_dac_read_search,cap_syslog+ep "$(command -v node)"',
];

test("a new kernel with types and privileges passes", () => {
  checkSystem("profiling", kernel, everything);
});

test("an old kernel is named first of all, whatever else is missing", () => {
  assert.throws(() => checkSystem("profiling", { ...kernel, ...old, hasBtf: false }, nothing), {
    message: "profiling needs Linux 5.8 or newer: this is 5.7.19-amd64",
    hints: [],
    exitCode: 1,
  });
});

test("a kernel without BTF is told what to do", () => {
  assert.throws(() => checkSystem("profiling", { ...kernel, hasBtf: false }, nothing), {
    message: "profiling needs the kernel's type information: /sys/kernel/btf/vmlinux is not there",
    hints: [
      "boot a kernel built with CONFIG_DEBUG_INFO_BTF=y, as every major distribution's is since 2021;",
      "in a container, mount the host's /sys",
    ],
  });
});

const missing: readonly [effective: bigint, message: string][] = [
  [0n, "profiling is not permitted: CAP_BPF and CAP_PERFMON are missing"],
  [1n << 39n, "profiling is not permitted: CAP_PERFMON is missing"],
  [1n << 38n, "profiling is not permitted: CAP_BPF is missing"],
];

for (const [effective, message] of missing) {
  test(`with the capabilities 0x${effective.toString(16)}: ${message}`, () => {
    assert.throws(() => checkSystem("profiling", kernel, missingWanted(effective)), {
      message,
      hints: grant,
      exitCode: 1,
    });
  });
}

test("CAP_SYS_ADMIN stands for CAP_BPF and CAP_PERFMON, but not for others", () => {
  assert.deepEqual([...missingWanted(1n << 21n)], ["CAP_SYS_PTRACE", "CAP_DAC_READ_SEARCH", "CAP_SYSLOG"]);
});
