import assert from "node:assert/strict";
import { test } from "node:test";
import type { Check } from "./report.ts";
import { checkSettings } from "./settings.ts";

const SYSCTL = "/proc/sys/kernel";
const mounts = (fileSystem: string) =>
  `23 1 0:20 / /proc rw - proc proc rw\n41 31 0:38 / /mnt/here rw,relatime shared:9 - ${fileSystem} x rw\n`;

const cases: readonly [
  name: string,
  path: string,
  value: string | undefined,
  status: Check["status"],
  detail: string,
][] = [
  ["lockdown", "/sys/kernel/security/lockdown", undefined, "unknown", "not known: securityfs is not to be seen"],
  ["lockdown", "/sys/kernel/security/lockdown", "[none] integrity confidentiality\n", "yes", "none"],
  [
    "lockdown",
    "/sys/kernel/security/lockdown",
    "none [integrity] confidentiality\n",
    "yes",
    "integrity: BPF may read, but not write; Skep never writes",
  ],
  [
    "lockdown",
    "/sys/kernel/security/lockdown",
    "none integrity [confidentiality]\n",
    "no",
    "confidentiality: BPF may not read kernel memory, so nothing can be traced",
  ],
  [
    "unprivileged_bpf_disabled",
    `${SYSCTL}/unprivileged_bpf_disabled`,
    "0\n",
    "yes",
    "0: every user may load BPF programs",
  ],
  ["unprivileged_bpf_disabled", `${SYSCTL}/unprivileged_bpf_disabled`, "2\n", "yes", "2: BPF takes CAP_BPF"],
  [
    "perf_event_paranoid",
    `${SYSCTL}/perf_event_paranoid`,
    undefined,
    "unknown",
    "not there: this kernel has no perf events",
  ],
  ["perf_event_paranoid", `${SYSCTL}/perf_event_paranoid`, "-1\n", "yes", "-1: CAP_PERFMON is not asked for"],
  ["perf_event_paranoid", `${SYSCTL}/perf_event_paranoid`, "2\n", "yes", "2: CAP_PERFMON overrides it"],
  [
    "perf_event_paranoid",
    `${SYSCTL}/perf_event_paranoid`,
    "3\n",
    "limited",
    "3: perf events take CAP_SYS_ADMIN here, CAP_PERFMON is not enough",
  ],
  ["perf_event_max_sample_rate", `${SYSCTL}/perf_event_max_sample_rate`, "100000\n", "yes", "100000 Hz"],
  [
    "perf_event_max_sample_rate",
    `${SYSCTL}/perf_event_max_sample_rate`,
    "50\n",
    "limited",
    "50 Hz: less than the default of 99",
  ],
  ["perf_event_max_stack", `${SYSCTL}/perf_event_max_stack`, "127\n", "yes", "127 frames"],
  ["perf_event_max_stack", `${SYSCTL}/perf_event_max_stack`, "32\n", "limited", "32 frames: deeper stacks are cut off"],
  ["kptr_restrict", `${SYSCTL}/kptr_restrict`, "1\n", "yes", "1: kernel addresses are shown with CAP_SYSLOG"],
  [
    "kptr_restrict",
    `${SYSCTL}/kptr_restrict`,
    "2\n",
    "limited",
    "2: kernel addresses are hidden from everybody, so kernel functions have no names",
  ],
  ["bpf_jit_enable", "/proc/sys/net/core/bpf_jit_enable", undefined, "unknown", "not known: only root may read it"],
  [
    "bpf_jit_enable",
    "/proc/sys/net/core/bpf_jit_enable",
    "0\n",
    "limited",
    "0: BPF programs are interpreted, several times slower",
  ],
  ["bpf_jit_enable", "/proc/sys/net/core/bpf_jit_enable", "1\n", "yes", "1: compiled"],
  ["cgroup v2", "/proc/self/mountinfo", mounts("cgroup2"), "yes", "/mnt/here"],
  [
    "cgroup v2",
    "/proc/self/mountinfo",
    mounts("cgroup"),
    "limited",
    "not mounted: --cgroup has nothing to choose from",
  ],
  ["tracefs", "/proc/self/mountinfo", mounts("tracefs"), "yes", "/mnt/here"],
  ["tracefs", "/proc/self/mountinfo", mounts("proc"), "yes", "not mounted, and not needed: Skep opens one of its own"],
];

for (const [name, path, value, status, detail] of cases) {
  test(`${name}: ${detail}`, () => {
    const checks = checkSettings((asked) => (asked === path ? value : undefined));
    assert.deepEqual(
      checks.find((check) => check.name === name),
      { name, status, detail },
    );
  });
}

test("the settings of this machine can be told", () => {
  for (const { name, detail } of checkSettings()) assert.notEqual(detail, "", name);
});
