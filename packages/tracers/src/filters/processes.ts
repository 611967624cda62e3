import { readdirSync, readFileSync } from "node:fs";
import { BpfError } from "@skep/ebpf";

/**
 * @throws BpfError `not-found` for the first of the pids that is not a running process, `invalid-argument` where it is
 *   another thread of one: no process has that id, so nothing would ever be counted
 */
export function assertProcessesExist(pids: readonly number[]): void {
  for (const pid of pids) {
    if (!isRunning(pid)) {
      throw new BpfError("not-found", `there is no process ${pid}`, {
        hint: "it may have ended; list the running ones: ps -e",
      });
    }
    const group = threadGroupOf(pid);
    if (group !== pid) {
      throw new BpfError("invalid-argument", `${pid} is a thread of process ${group}`, {
        hint: `give the id of the process: ${group}`,
      });
    }
  }
}

/** Process of a thread. /proc lists processes alone, yet answers for the id of any thread. */
function threadGroupOf(tid: number): number {
  try {
    return Number(/^Tgid:\t(\d+)$/m.exec(readFileSync(`/proc/${tid}/status`, "latin1"))?.[1]);
  } catch {
    return tid; // ended just now: that is for the run to find out
  }
}

/** Whether there is such a process; one that has ended but was not waited for (a zombie) doesn't run. */
export function isRunning(pid: number): boolean {
  return readParent(pid) !== undefined;
}

/** Those of all running processes that descend from one of `pids`, without `pids` themselves. */
export function descendantsOf(pids: Iterable<number>): Set<number> {
  const children = new Map<number, number[]>();
  for (const entry of readdirSync("/proc")) {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) continue;
    const parent = readParent(pid);
    if (parent === undefined) continue;
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [pid]);
    else siblings.push(pid);
  }
  const roots = new Set(pids);
  const found = new Set<number>();
  const queue = [...roots];
  for (let pid = queue.pop(); pid !== undefined; pid = queue.pop()) {
    for (const child of children.get(pid) ?? []) {
      if (roots.has(child) || found.has(child)) continue;
      found.add(child);
      queue.push(child);
    }
  }
  return found;
}

/** Field of /proc/PID/stat, counted from the state. */
const THREAD_COUNT = 17;

/** Parent of a running process; undefined when there is no such process, or none any more. */
function readParent(pid: number): number | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return undefined; // ended, also between listing and reading
  }
  // The name in parentheses may itself hold spaces and parentheses: fields count from the last one.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, parent] = fields;
  // The state is that of the first thread, which may have ended long before the others.
  const hasEnded = state === "X" || (state === "Z" && Number(fields[THREAD_COUNT]) <= 1);
  return hasEnded ? undefined : Number(parent);
}
