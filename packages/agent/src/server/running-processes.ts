import { readdirSync, readFileSync } from "node:fs";
import type { RunningProcess } from "../history/answers.ts";
import { printable } from "../output/text.ts";

/** A list of more would be nothing to look at. */
const MAXIMUM_PROCESSES = 4000;

export interface RunningProcesses {
  readonly processes: readonly RunningProcess[];
  /** There are more. */
  readonly isCut: boolean;
}

/** The processes of this machine as /proc has them now, in ascending order of pid. */
export function runningProcesses(procPath = "/proc"): RunningProcesses {
  const pids = readdirSync(procPath)
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
  const processes = pids.slice(0, MAXIMUM_PROCESSES).flatMap((pid) => readProcess(procPath, pid) ?? []);
  return { processes, isCut: pids.length > MAXIMUM_PROCESSES };
}

function readProcess(procPath: string, pid: number): RunningProcess | undefined {
  let status: string;
  try {
    status = readFileSync(`${procPath}/${pid}/status`, "utf8");
  } catch {
    // It has ended since the folder was read.
    return undefined;
  }
  return parseStatus(pid, status);
}

/** Reads /proc/PID/status, whose lines have been the same since long before eBPF. */
export function parseStatus(pid: number, status: string): RunningProcess {
  const field = (name: string) => new RegExp(`^${name}:\\s*(.*)$`, "m").exec(status)?.[1] ?? "";
  const residentKibibytes = /^(\d+) kB$/.exec(field("VmRSS"))?.[1];
  return {
    pid,
    parentPid: Number.parseInt(field("PPid"), 10) || 0,
    // Backslashes and line feeds are escaped by the kernel.
    name: printable(field("Name")),
    state: field("State").charAt(0),
    userId: Number.parseInt(field("Uid"), 10) || 0,
    threads: Number.parseInt(field("Threads"), 10) || 0,
    ...(residentKibibytes !== undefined && { residentBytes: Number(residentKibibytes) * 1024 }),
  };
}
