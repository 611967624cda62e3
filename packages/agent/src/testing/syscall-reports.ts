import type { SyscallReport, SyscallStatistics } from "@skep/tracers/syscalls";

/** Calls that all took as long, in the bucket that this falls into. */
export function timedCalls(
  name: string,
  calls: number,
  eachNs: number,
  changes: Partial<SyscallStatistics> = {},
): SyscallStatistics {
  const lowNs = 2 ** Math.floor(Math.log2(eachNs));
  return {
    name,
    compat: false,
    calls,
    errors: {},
    timedCalls: calls,
    totalNs: calls * eachNs,
    maxNs: eachNs,
    histogramNs: [[lowNs, 2 * lowNs, calls]],
    running: 0,
    ...changes,
  };
}

/** A call that was counted without being timed. */
export function countedCalls(
  name: string,
  calls: number,
  errors: Readonly<Record<string, number>> = {},
): SyscallStatistics {
  return { name, compat: false, calls, errors };
}

/** A report that a test can add up by hand. */
export function syscallReport(changes: Partial<SyscallReport> = {}): SyscallReport {
  const wait = timedCalls("epoll_wait", 40, 200_000_000, { running: 3 });
  const open = timedCalls("openat", 1200, 12_000, {
    errors: { ENOENT: 1000, EACCES: 3 },
    histogramNs: [
      [8192, 16384, 1100],
      [16384, 32768, 90],
      [131072, 262144, 10],
    ],
    maxNs: 200_000,
  });
  const read = timedCalls("read", 34_567, 700, { errors: { EAGAIN: 1 }, compat: true });
  const sleep = timedCalls("nanosleep", 0, 1, { timedCalls: 0, totalNs: 0, maxNs: 0, histogramNs: [], running: 1 });
  return {
    timeUnixNs: 1_795_000_000_000_000_000n,
    durationNs: 10_000_000_000,
    syscalls: [wait, read, open, sleep],
    processes: [
      { process: { pid: 4242, name: "node", executablePath: "/usr/bin/node" }, syscalls: [wait, read] },
      { process: { pid: 7, name: "ls" }, syscalls: [open] },
      { process: { pid: 9, name: "sleep" }, syscalls: [sleep] },
    ],
    lost: { recursion: 0 },
    incomplete: { startNotSeen: 0, unattributed: 0, evicted: 0, childrenNotFollowed: 0 },
    ...changes,
  };
}
