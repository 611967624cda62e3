import { existsSync, readFileSync, readlinkSync } from "node:fs";
import type { TracedProcess } from "@skep/tracers";
import { readEnvironmentAttributes } from "./environment-attributes.ts";
import type { ProcessFacts } from "./process-attributes.ts";

/** `PF_KTHREAD` of include/linux/sched.h. */
const KERNEL_THREAD = 0x0020_0000;

/** What is to be known of a process; of one that is gone, what the tracer saw of it. */
export function readProcessFacts(process: TracedProcess): ProcessFacts {
  const { pid, name, containerId } = process;
  // Gone, as most short-lived ones are: to ask takes a tenth of the errors that would say so.
  const isThere = existsSync(`/proc/${pid}`);
  const executablePath = process.executablePath ?? (isThere ? readExecutablePath(pid) : undefined);
  return {
    pid,
    name,
    ...(executablePath !== undefined && { executablePath }),
    ...(containerId !== undefined && { containerId }),
    isKernelThread: isThere && executablePath === undefined && isKernelThread(pid),
    environment: isThere ? readEnvironmentAttributes(pid) : {},
  };
}

/** When the process began, in clock ticks after boot: with its pid, its identity. Undefined when there is none. */
export function readStartTicks(pid: number): number | undefined {
  const startTicks = Number(readStatFields(pid)?.[22 - 3]);
  return Number.isInteger(startTicks) ? startTicks : undefined;
}

function isKernelThread(pid: number): boolean {
  return (Number(readStatFields(pid)?.[9 - 3]) & KERNEL_THREAD) !== 0;
}

/** The fields of `/proc/PID/stat` from the third one on: those after the name, which may hold anything. */
function readStatFields(pid: number): string[] | undefined {
  if (!existsSync(`/proc/${pid}`)) return undefined;
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch {
    return undefined; // ended
  }
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

function readExecutablePath(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/exe`);
  } catch {
    return undefined; // ended, a kernel thread, or not ours to look at
  }
}
