/** The kernel's settings that change what Skep sees, and what each value means for it. */

import { readFileSync } from "node:fs";
import { defaultSys } from "@skep/ebpf/sys";
import type { Check } from "./report.ts";

type Verdict = readonly [status: Check["status"], detail: string];

interface Setting {
  readonly name: string;
  readonly path: string;
  /** What it means that the file cannot be read. */
  readonly unreadable: string;
  /** @param value contents of the file, without the line end */
  readonly explain: (value: string) => Verdict;
}

const LOCKDOWN_PATH = "/sys/kernel/security/lockdown";

const settings: readonly Setting[] = [
  {
    name: "lockdown",
    path: LOCKDOWN_PATH,
    unreadable: "not known: securityfs is not to be seen",
    explain: explainLockdown,
  },
  {
    name: "unprivileged_bpf_disabled",
    path: "/proc/sys/kernel/unprivileged_bpf_disabled",
    unreadable: "not known",
    explain: (value) => ["yes", value === "0" ? "0: every user may load BPF programs" : `${value}: BPF takes CAP_BPF`],
  },
  {
    name: "perf_event_paranoid",
    path: "/proc/sys/kernel/perf_event_paranoid",
    unreadable: "not there: this kernel has no perf events",
    explain: explainParanoid,
  },
  {
    name: "perf_event_max_sample_rate",
    path: "/proc/sys/kernel/perf_event_max_sample_rate",
    unreadable: "not there: this kernel has no perf events",
    explain: (value) =>
      Number(value) < 99 ? ["limited", `${value} Hz: less than the default of 99`] : ["yes", `${value} Hz`],
  },
  {
    name: "perf_event_max_stack",
    path: "/proc/sys/kernel/perf_event_max_stack",
    unreadable: "not there: this kernel has no perf events",
    explain: (value) =>
      Number(value) < 127 ? ["limited", `${value} frames: deeper stacks are cut off`] : ["yes", `${value} frames`],
  },
  {
    name: "kptr_restrict",
    path: "/proc/sys/kernel/kptr_restrict",
    unreadable: "not known",
    explain: (value) =>
      value === "2"
        ? ["limited", "2: kernel addresses are hidden from everybody, so kernel functions have no names"]
        : ["yes", `${value}: kernel addresses are shown with CAP_SYSLOG`],
  },
  {
    name: "bpf_jit_enable",
    path: "/proc/sys/net/core/bpf_jit_enable",
    unreadable: "not known: only root may read it",
    explain: (value) =>
      value === "0"
        ? ["limited", "0: BPF programs are interpreted, several times slower"]
        : ["yes", `${value}: compiled`],
  },
  {
    name: "cgroup v2",
    path: "/proc/self/mountinfo",
    unreadable: "not known",
    explain: (mounts) => {
      const path = mountPoint(mounts, "cgroup2");
      return path === undefined ? ["limited", "not mounted: --cgroup has nothing to choose from"] : ["yes", path];
    },
  },
  {
    name: "tracefs",
    path: "/proc/self/mountinfo",
    unreadable: "not known",
    explain: (mounts) => [
      "yes",
      mountPoint(mounts, "tracefs") ?? "not mounted, and not needed: Skep opens one of its own",
    ],
  },
];

/** What the settings of this machine are, in the order in which they matter. */
export function checkSettings(readText: (path: string) => string | undefined = readIfAllowed): Check[] {
  return settings.map(({ name, path, unreadable, explain }) => {
    const value = readText(path)?.trim();
    const [status, detail] = value === undefined ? (["unknown", unreadable] as const) : explain(value);
    return { name, status, detail };
  });
}

function readIfAllowed(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // What that means is said by `unreadable`.
    return path === LOCKDOWN_PATH ? readLockdownDetached() : undefined;
  }
}

/** Where securityfs is not mounted: from an instance that only this process sees. Takes CAP_SYS_ADMIN. */
function readLockdownDetached(): string | undefined {
  const sys = defaultSys();
  const fd = sys.mountDetached("securityfs");
  if (fd < 0) return undefined;
  try {
    return readFileSync(`/proc/self/fd/${fd}/lockdown`, "utf8");
  } catch {
    return undefined; // built without CONFIG_SECURITY_LOCKDOWN_LSM
  } finally {
    sys.close(fd);
  }
}

/** `none [integrity] confidentiality`: the brackets mark what is on. */
function explainLockdown(value: string): Verdict {
  const mode = /\[(\w+)\]/.exec(value)?.[1] ?? value;
  switch (mode) {
    case "confidentiality":
      return ["no", "confidentiality: BPF may not read kernel memory, so nothing can be traced"];
    case "integrity":
      return ["yes", "integrity: BPF may read, but not write; Skep never writes"];
    default:
      return ["yes", mode];
  }
}

function mountPoint(mountInfo: string, fileSystem: string): string | undefined {
  // "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw"; optional fields may stand before the dash.
  const line = mountInfo.split("\n").find((candidate) => candidate.split(" - ")[1]?.startsWith(`${fileSystem} `));
  return line?.split(" ")[4];
}

/** Mainline's levels end at 2; Debian and Ubuntu have 3 and 4 as well (`perfEventsTakeAdmin`). */
function explainParanoid(value: string): Verdict {
  if (Number(value) > 2) return ["limited", `${value}: perf events take CAP_SYS_ADMIN here, CAP_PERFMON is not enough`];
  return ["yes", `${value}: CAP_PERFMON ${Number(value) < 0 ? "is not asked for" : "overrides it"}`];
}
