/** What the tracers of system calls, processes and files use on this machine, found out by starting them. */

import { FileTracer } from "@skep/tracers/files";
import { ProcessTracer } from "@skep/tracers/processes";
import { SyscallTracer } from "@skep/tracers/syscalls";
import type { Check } from "./report.ts";
import { type Outcome, type Trial, tryAll } from "./trial.ts";

const trials: readonly Trial[] = [
  { name: "system calls", attempt: trySyscalls },
  { name: "processes", attempt: tryProcesses },
  { name: "files", attempt: tryFiles },
];

/** Starts and ends each of them. */
export function tryTracers(): Promise<Check[]> {
  return tryAll(trials);
}

async function trySyscalls(): Promise<Outcome> {
  await using tracer = await SyscallTracer.start();
  await tracer.snapshot();
  return { status: "yes", detail: "tp_btf/sys_enter and sys_exit: every call is counted and timed" };
}

async function tryProcesses(): Promise<Outcome> {
  await using tracer = await ProcessTracer.start();
  await tracer.snapshot();
  return { status: "yes", detail: "tp_btf/sched_process_fork, _exec and _exit; sys_exit for what cannot be executed" };
}

async function tryFiles(): Promise<Outcome> {
  await using tracer = await FileTracer.start();
  await tracer.snapshot();
  return tracer.seesIoUring
    ? { status: "yes", detail: "tp_btf/sys_enter and sys_exit, io_uring_submit_req and _complete" }
    : {
        status: "limited",
        detail: "tp_btf/sys_enter and sys_exit: requests to io_uring are not seen, but counted (Linux 5.19 shows them)",
      };
}
