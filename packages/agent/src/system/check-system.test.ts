import assert from "node:assert/strict";
import { test } from "node:test";
import { Capabilities } from "./capabilities.ts";
import { checkSystem } from "./check-system.ts";
import { isOldKernel } from "./kernel.ts";

const status = (mask: string) => new Capabilities(`Name:\tskep\nCapEff:\t${mask}\nCapBnd:\t000001ffffffffff\n`);
const everything = status("000001ffffffffff");
const kernel = { release: "6.12.90+deb13-cloud-amd64", architecture: "x64", hasBtf: true };
const grant = [
  "run it as root, or grant them to Node.js:",
  'setcap cap_bpf,cap_perfmon,cap_sys_ptrace,cap_dac_read_search,cap_syslog+ep "$(command -v node)"',
];

test("a new kernel with types and privileges passes", () => {
  checkSystem("profiling", kernel, everything);
});

test("an old kernel is named first of all, whatever else is missing", () => {
  assert.throws(
    () => checkSystem("profiling", { ...kernel, release: "5.4.0-150-generic", hasBtf: false }, status("0")),
    {
      message: "profiling needs Linux 5.8 or newer: this is 5.4.0-150-generic",
      hints: [],
      exitCode: 1,
    },
  );
});

test("a kernel without BTF is told what to do", () => {
  assert.throws(() => checkSystem("profiling", { ...kernel, hasBtf: false }, status("0")), {
    message: "profiling needs the kernel's type information: /sys/kernel/btf/vmlinux is not there",
    hints: [
      "boot a kernel built with CONFIG_DEBUG_INFO_BTF=y, as every major distribution's is since 2021;",
      "in a container, mount the host's /sys",
    ],
  });
});

const missing: readonly [mask: string, message: string][] = [
  ["0", "profiling is not permitted: CAP_BPF and CAP_PERFMON are missing"],
  ["0000008000000000", "profiling is not permitted: CAP_PERFMON is missing"],
  ["0000004000000000", "profiling is not permitted: CAP_BPF is missing"],
];

for (const [mask, message] of missing) {
  test(`with the capabilities ${mask}: ${message}`, () => {
    assert.throws(() => checkSystem("profiling", kernel, status(mask)), { message, hints: grant, exitCode: 1 });
  });
}

test("CAP_SYS_ADMIN stands for CAP_BPF and CAP_PERFMON, but not for others", () => {
  const administrator = status("0000000000200000");
  assert.deepEqual(administrator.missing, []);
  assert.equal(administrator.has("CAP_SYSLOG"), false);
});

test("a status without capabilities is refused", () => {
  assert.throws(() => new Capabilities("Name:\tskep\n"), { message: "/proc/self/status has no line CapEff" });
});

const releases: readonly [string, boolean][] = [
  ["5.7.19", true],
  ["4.18.0-553.el8_10.x86_64", true],
  ["5.8.0", false],
  ["5.10.0-33-amd64", false],
  ["6.18.44", false],
  ["7.2", false],
];

for (const [release, old] of releases) {
  test(`${release} is ${old ? "too old" : "new enough"}`, () => assert.equal(isOldKernel(release), old));
}
