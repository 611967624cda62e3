import type { ProcessSyscalls, SyscallReport, SyscallStatistics } from "@skep/tracers/syscalls";
import { addReasons } from "../terminal/reasons.ts";

/** Processes that are remembered one by one; of more, the least busy are in the totals alone. */
const PROCESS_LIMIT = 4096;

type Histogram = NonNullable<SyscallStatistics["histogramNs"]>;

/** The report of two times that follow each other. */
export function addSyscallReports(sum: SyscallReport, next: SyscallReport): SyscallReport {
  return {
    timeUnixNs: sum.timeUnixNs,
    durationNs: sum.durationNs + next.durationNs,
    syscalls: addStatistics(sum.syscalls, next.syscalls),
    processes: addProcesses(sum.processes, next.processes).slice(0, PROCESS_LIMIT),
    lost: addReasons(sum.lost, next.lost),
    incomplete: addReasons(sum.incomplete, next.incomplete),
  };
}

/** What calls are compared by: their time, and where that was not measured their number. */
export function weightOf({ totalNs, calls }: SyscallStatistics): number {
  return totalNs ?? calls;
}

function addProcesses(sum: readonly ProcessSyscalls[], next: readonly ProcessSyscalls[]): ProcessSyscalls[] {
  const byKey = new Map<string, ProcessSyscalls>();
  for (const { process, syscalls } of sum) {
    byKey.set(keyOf(process), { process, syscalls: addStatistics(syscalls, []) });
  }
  for (const { process, syscalls } of next) {
    const before = byKey.get(keyOf(process))?.syscalls ?? [];
    byKey.set(keyOf(process), { process, syscalls: addStatistics(before, syscalls) });
  }
  const weights = new Map<ProcessSyscalls, number>();
  for (const entry of byKey.values()) {
    weights.set(
      entry,
      entry.syscalls.reduce((weight, statistics) => weight + weightOf(statistics), 0),
    );
  }
  return [...weights].sort(([, a], [, b]) => b - a).map(([entry]) => entry);
}

/** A process that runs another program is another process to its reader. */
function keyOf({ pid, name }: ProcessSyscalls["process"]): string {
  return `${pid} ${name}`;
}

function addStatistics(
  sum: readonly SyscallStatistics[],
  next: readonly SyscallStatistics[],
): readonly SyscallStatistics[] {
  const byName = new Map<string, SyscallStatistics>();
  for (const before of sum) byName.set(`${before.name} ${before.compat}`, withoutRunning(before));
  for (const now of next) {
    const key = `${now.name} ${now.compat}`;
    const before = byName.get(key);
    byName.set(key, before === undefined ? now : addCalls(before, now));
  }
  return [...byName.values()].sort((a, b) => weightOf(b) - weightOf(a));
}

/** Who is inside a call now is only known of now. */
function withoutRunning(statistics: SyscallStatistics): SyscallStatistics {
  return statistics.running === undefined ? statistics : { ...statistics, running: 0 };
}

function addCalls(before: SyscallStatistics, now: SyscallStatistics): SyscallStatistics {
  const { timedCalls = 0, totalNs = 0, maxNs = 0, histogramNs = [] } = before;
  return {
    name: now.name,
    compat: now.compat,
    calls: before.calls + now.calls,
    errors: addReasons(before.errors, now.errors),
    ...(now.timedCalls !== undefined && { timedCalls: timedCalls + now.timedCalls }),
    ...(now.totalNs !== undefined && { totalNs: totalNs + now.totalNs }),
    ...(now.maxNs !== undefined && { maxNs: Math.max(maxNs, now.maxNs) }),
    ...(now.histogramNs !== undefined && { histogramNs: addHistograms(histogramNs, now.histogramNs) }),
    ...(now.running !== undefined && { running: now.running }),
  };
}

function addHistograms(before: Histogram, now: Histogram): Histogram {
  const byLow = new Map<number, readonly [number, number, number]>();
  for (const [low, high, calls] of [...before, ...now]) {
    byLow.set(low, [low, high, calls + (byLow.get(low)?.[2] ?? 0)]);
  }
  return [...byLow.values()].sort(([a], [b]) => a - b);
}
