import { closeSync, openSync, readSync } from "node:fs";
import type { Check } from "./report.ts";

/** Whether addresses can become names, and whose. */
export function checkSymbolSources(lacking: ReadonlySet<string>, kallsymsPath = "/proc/kallsyms"): Check[] {
  return [
    showsAddresses(kallsymsPath)
      ? { name: "kernel functions", status: "yes", detail: "named from /proc/kallsyms" }
      : {
          name: "kernel functions",
          status: "limited",
          detail:
            "without names: /proc/kallsyms hides the addresses (CAP_SYSLOG is missing, or kernel.kptr_restrict is 2)",
        },
    !lacking.has("CAP_SYS_PTRACE")
      ? {
          name: "user functions",
          status: "yes",
          detail: "named from ELF symbols and perf-PID.map, for every user's processes",
        }
      : {
          name: "user functions",
          status: "limited",
          detail: "named for processes of this user alone: CAP_SYS_PTRACE is missing",
        },
  ];
}

/** The kernel prints all addresses as 0 to those who must not know them. */
function showsAddresses(kallsymsPath: string): boolean {
  const lines = Buffer.alloc(4096);
  let fd: number;
  try {
    fd = openSync(kallsymsPath, "r");
  } catch {
    return false; // built without CONFIG_KALLSYMS, or no /proc
  }
  try {
    const text = lines.toString("latin1", 0, readSync(fd, lines));
    return /^0*[1-9a-f][0-9a-f]* /m.test(text);
  } finally {
    closeSync(fd);
  }
}
