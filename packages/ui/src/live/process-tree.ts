import type { RunningProcess } from "skep/answers";

/** A row of the tree as it is shown. */
export interface TreeRow {
  readonly process: RunningProcess;
  readonly depth: number;
  readonly childCount: number;
  readonly isCollapsed: boolean;
}

/** Processes below their parents, siblings by pid; without what is below a collapsed one. */
export function treeRows(processes: readonly RunningProcess[], collapsed: ReadonlySet<number>): TreeRow[] {
  const pids = new Set(processes.map(({ pid }) => pid));
  const children = Map.groupBy(processes, ({ parentPid }) => (pids.has(parentPid) ? parentPid : 0));
  const rows: TreeRow[] = [];
  const pending = (children.get(0) ?? []).toReversed().map((process) => ({ process, depth: 0 }));
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { process, depth } = next;
    const below = children.get(process.pid) ?? [];
    const isCollapsed = below.length > 0 && collapsed.has(process.pid);
    rows.push({ process, depth, childCount: below.length, isCollapsed });
    if (isCollapsed) continue;
    for (const child of below.toReversed()) pending.push({ process: child, depth: depth + 1 });
  }
  return rows;
}

/** Those whose name or pid matches, and all that they descend from, so that they keep their place. */
export function matching(processes: readonly RunningProcess[], text: string): readonly RunningProcess[] {
  const needle = text.trim().toLowerCase();
  if (needle === "") return processes;
  const byPid = new Map(processes.map((process) => [process.pid, process]));
  const kept = new Set<number>();
  for (const { pid, name } of processes) {
    if (!name.toLowerCase().includes(needle) && String(pid) !== needle) continue;
    for (let at = byPid.get(pid); at !== undefined && !kept.has(at.pid); at = byPid.get(at.parentPid)) kept.add(at.pid);
  }
  return processes.filter(({ pid }) => kept.has(pid));
}

/** Kernel threads: kthreadd, which is process 2, and its children. */
export function isKernelThread({ pid, parentPid }: RunningProcess): boolean {
  return pid === 2 || parentPid === 2;
}
