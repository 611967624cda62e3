import { readFileSync } from "node:fs";
import { type Capability, capabilitySet, defaultSys, perfEventsTakeAdmin, type Sys } from "@skep/ebpf/sys";
import { wantedCapabilities } from "../system/capabilities.ts";
import { handOverStatistics } from "./statistics-handover.ts";

/** Options of prctl(2). */
const PR_CAPBSET_DROP = 24;
const PR_SET_NO_NEW_PRIVS = 38;

/** What the agent may still use: what tracing takes, and before 5.11 the memory lock limit, which maps count against. */
export const keptCapabilities: readonly Capability[] = [
  ...wantedCapabilities.map(({ name }) => name),
  "CAP_SYS_RESOURCE",
];

/**
 * Lets go, for good, of all privileges of root but those that tracing needs. Capabilities belong to threads, and Node.js
 * has several by now; what a process becomes by execve(2) is limited as a whole. So this process starts once more, which
 * takes as long as it took until here, and only this returns: nothing is left to be dropped then. It does not, where
 * `bin/skep.mjs` has dropped them before it started once more for reasons of its own.
 *
 * Somebody else than root has just what `setcap` gave to the executable, which is no more than is needed.
 */
export function limitPrivileges(sys: Sys = defaultSys()): void {
  if (!dropPrivileges(sys)) return;
  process.execve?.(process.execPath, [process.execPath, ...process.execArgv, ...process.argv.slice(1)], process.env);
}

/** Has the next execve(2) limit this process. False where that changes nothing, or may not be done. */
export function dropPrivileges(sys: Sys = defaultSys()): boolean {
  if (process.getuid?.() !== 0) return false;
  // Debian's and Ubuntu's kernels may give perf events to nobody else.
  const kept: readonly Capability[] = perfEventsTakeAdmin() ? [...keptCapabilities, "CAP_SYS_ADMIN"] : keptCapabilities;
  const superfluous = capabilitiesOf(readFileSync("/proc/self/status", "latin1")) & ~capabilitySet(kept);
  if (superfluous === 0n) return false;
  if ((superfluous & capabilitySet(["CAP_SYS_ADMIN"])) !== 0n) handOverStatistics(sys);
  for (let capability = 0; superfluous >> BigInt(capability) !== 0n; capability++) {
    if (((superfluous >> BigInt(capability)) & 1n) === 0n) continue;
    // Without CAP_SETPCAP it is refused: who starts us so has chosen what we get.
    if (sys.prctl(PR_CAPBSET_DROP, capability) < 0) return false;
  }
  sys.prctl(PR_SET_NO_NEW_PRIVS, 1);
  return true;
}

/** What an `execve` of root gets: the bounding set. */
export function capabilitiesOf(status: string): bigint {
  return BigInt(`0x${/^CapBnd:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? "0"}`);
}
