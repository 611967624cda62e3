import { existsSync, readFileSync, readlinkSync } from "node:fs";
import { printable } from "../printable.ts";
import { containerIdOf } from "./container-id.ts";
import { type MemoryRange, parseMaps } from "./maps.ts";
import { processName } from "./process-name.ts";
import { type NamespaceIdentity, parseStat, parseStatus } from "./process-status.ts";

/** What is read of a process in one go. */
export interface ProcessDescription {
  readonly pid: number;
  readonly name: string;
  readonly startTimeTicks: number;
  readonly executablePath: string | undefined;
  readonly containerId: string | undefined;
  readonly namespaceIdentity: NamespaceIdentity;
  /** Executable memory in ascending order; none in kernel threads. */
  readonly ranges: readonly MemoryRange[];
}

/** Reads a process from `/proc`; undefined when it has exited, or is out of reach. */
export function readProcess(pid: number): ProcessDescription | undefined {
  if (!isThere(pid)) return undefined;
  try {
    const before = parseStat(readFileSync(`/proc/${pid}/stat`, "utf8"));
    const ranges = parseMaps(readFileSync(`/proc/${pid}/maps`, "utf8"));
    const namespaceIdentity = parseStatus(readFileSync(`/proc/${pid}/status`, "utf8"), pid);
    const containerId = containerIdOf(readFileSync(`/proc/${pid}/cgroup`, "utf8"));
    const executablePath = readExecutablePath(pid);
    const after = parseStat(readFileSync(`/proc/${pid}/stat`, "utf8"));
    // Another process may have got the number in between.
    if (after === undefined || before?.startTimeTicks !== after.startTimeTicks) return undefined;
    // A zombie has a name and a number, but no memory to look into any more.
    if (after.isZombie && ranges.length === 0) return undefined;
    const { startTimeTicks } = after;
    return {
      pid,
      name: printable(processName(after.name, executablePath)),
      startTimeTicks,
      executablePath,
      containerId,
      namespaceIdentity,
      ranges,
    };
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/** Who a process is, without its memory. */
export type ProcessSummary = Pick<
  ProcessDescription,
  "pid" | "name" | "startTimeTicks" | "executablePath" | "containerId"
>;

/** Reads who a process is, for a tenth of what {@link readProcess} costs; undefined when it has exited. */
export function readProcessSummary(pid: number): ProcessSummary | undefined {
  if (!isThere(pid)) return undefined;
  try {
    const containerId = containerIdOf(readFileSync(`/proc/${pid}/cgroup`, "utf8"));
    const executablePath = readExecutablePath(pid);
    // Last, so that who compares the start time knows that the rest is of the same process, or of the one before.
    const stat = parseStat(readFileSync(`/proc/${pid}/stat`, "utf8"));
    if (stat === undefined) return undefined;
    const { startTimeTicks } = stat;
    return {
      pid,
      name: printable(processName(stat.name, executablePath)),
      startTimeTicks,
      executablePath,
      containerId,
    };
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/** To ask takes a tenth of making an error that says no; short-lived processes are gone as a rule. */
function isThere(pid: number): boolean {
  return existsSync(`/proc/${pid}`);
}

/** Start of the process that has this pid now, in clock ticks after boot; undefined when there is none. */
export function readStartTime(pid: number): number | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, "utf8"))?.startTimeTicks;
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/** Kernel threads have none, and a process may have lost its own. */
function readExecutablePath(pid: number): string | undefined {
  try {
    return printable(readlinkSync(`/proc/${pid}/exe`));
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/**
 * ENOENT and ESRCH: it has exited, before the file was opened or while it was read. EACCES and EPERM: it belongs to
 * someone whom we may not look at.
 */
function isGone(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "ENOENT" || code === "ESRCH" || code === "EACCES" || code === "EPERM";
}

/** The range that holds an address, of ranges in ascending order. */
export function findRange<Range extends MemoryRange>(ranges: readonly Range[], address: number): Range | undefined {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ranges[middle]?.start ?? 0) <= address) low = middle + 1;
    else high = middle;
  }
  const range = ranges[low - 1];
  return range !== undefined && address < range.end ? range : undefined;
}
