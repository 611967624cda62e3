import type { FileOperations, FileReport, FileStatistics } from "@skep/tracers/files";
import { addReasons } from "../terminal/reasons.ts";

/** Files that are remembered one by one; what was done with more than these goes into `unattributed`. */
const FILE_LIMIT = 8192;

/** The report of two times that follow each other. */
export function addFileReports(sum: FileReport, next: FileReport): FileReport {
  const files = addFiles(sum.files, next.files);
  const unattributed = [next.unattributed, ...files.slice(FILE_LIMIT)].reduce(addOperations, sum.unattributed);
  return {
    timeUnixNs: sum.timeUnixNs,
    durationNs: sum.durationNs + next.durationNs,
    files: files.slice(0, FILE_LIMIT),
    unattributed,
    lost: addReasons(sum.lost, next.lost),
    incomplete: addReasons(sum.incomplete, next.incomplete),
  };
}

export const NO_OPERATIONS: FileOperations = {
  opens: 0,
  reads: 0,
  writes: 0,
  syncs: 0,
  readBytes: 0,
  writtenBytes: 0,
  openNs: 0,
  readNs: 0,
  writeNs: 0,
  syncNs: 0,
};

/** The operations of both; nothing else of either. */
export function addOperations(sum: FileOperations, next: FileOperations): FileOperations {
  return {
    opens: sum.opens + next.opens,
    reads: sum.reads + next.reads,
    writes: sum.writes + next.writes,
    syncs: sum.syncs + next.syncs,
    readBytes: sum.readBytes + next.readBytes,
    writtenBytes: sum.writtenBytes + next.writtenBytes,
    openNs: sum.openNs + next.openNs,
    readNs: sum.readNs + next.readNs,
    writeNs: sum.writeNs + next.writeNs,
    syncNs: sum.syncNs + next.syncNs,
  };
}

function addFiles(sum: readonly FileStatistics[], next: readonly FileStatistics[]): FileStatistics[] {
  const byKey = new Map<string, FileStatistics>();
  for (const before of sum) byKey.set(keyOf(before), before);
  for (const now of next) {
    const key = keyOf(now);
    const before = byKey.get(key);
    byKey.set(
      key,
      before === undefined
        ? now
        : { ...now, ...addOperations(before, now), errors: addReasons(before.errors, now.errors) },
    );
  }
  return [...byKey.values()].sort(
    (a, b) => b.readBytes + b.writtenBytes - a.readBytes - a.writtenBytes || operationsOf(b) - operationsOf(a),
  );
}

/** A process that runs another program is another process to its reader. */
function keyOf({ process: { pid, name }, type, path }: FileStatistics): string {
  return JSON.stringify([pid, name, type, path]);
}

/** How many there were in all. */
export function operationsOf({ opens, reads, writes, syncs }: FileOperations): number {
  return opens + reads + writes + syncs;
}
