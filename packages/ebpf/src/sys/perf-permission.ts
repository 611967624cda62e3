import { readFileSync } from "node:fs";
import { effectiveCapabilities, missingCapabilities } from "./capabilities.ts";
import type { Meanings } from "./failure.ts";

const PARANOID_PATH = "/proc/sys/kernel/perf_event_paranoid";

/**
 * Whether the kernel gives perf events to CAP_SYS_ADMIN alone. Those of Debian and Ubuntu do when
 * kernel.perf_event_paranoid is above 2, a level that mainline doesn't have: their patch is older than CAP_PERFMON.
 */
export function perfEventsTakeAdmin(path: string = PARANOID_PATH): boolean {
  try {
    return Number(readFileSync(path, "latin1")) > 2;
  } catch {
    // A kernel without perf events, or a /proc that hides it: then perf_event_open(2) says what is wrong.
    return false;
  }
}

/** What it means that perf_event_open(2) is not permitted. */
export function perfPermissionMeaning(
  takesAdmin: boolean = perfEventsTakeAdmin(),
  effective: bigint = effectiveCapabilities(),
): Meanings[string] {
  if (takesAdmin && missingCapabilities(["CAP_PERFMON"], effective).length === 0) {
    return {
      code: "not-permitted",
      text: "kernel.perf_event_paranoid is above 2, and this kernel then asks for CAP_SYS_ADMIN",
      hint: "sysctl kernel.perf_event_paranoid=2 has it ask for CAP_PERFMON, or grant CAP_SYS_ADMIN",
    };
  }
  return {
    code: "not-permitted",
    text: "CAP_PERFMON is missing",
    hint: "run it as root, grant CAP_PERFMON, or lower kernel.perf_event_paranoid",
  };
}
