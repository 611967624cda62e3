import { readFileSync } from "node:fs";

const CHECK_INTERVAL_MS = 1_000;

/**
 * Kills each child of this process that lives for longer than `limitMs`, until it is disposed of.
 *
 * For test files: node:test ends a test that waits for too long, not one that computes for ever, since the timer is the
 * computing process's own. One was a property that failed and took its time to find the smallest case.
 */
export function killOverdueChildren(limitMs: number, onKill: (pid: number) => void): Disposable {
  let sinceMs = new Map<number, number>();
  const timer = setInterval(() => {
    const nowMs = performance.now();
    sinceMs = new Map(childrenOf(process.pid).map((pid) => [pid, sinceMs.get(pid) ?? nowMs]));
    for (const [pid, startMs] of sinceMs) {
      if (nowMs - startMs <= limitMs) continue;
      process.kill(pid, "SIGKILL");
      onKill(pid);
    }
  }, CHECK_INTERVAL_MS);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** Those that its first thread started, as all of Node.js's are. */
function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").split(" ").filter(Boolean).map(Number);
}
