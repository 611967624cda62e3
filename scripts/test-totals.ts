import type { TestCounts } from "./test-runner.ts";

/** Adds up runs of tests. */
export function sumCounts(runs: readonly TestCounts[]): TestCounts {
  const sum = (key: keyof TestCounts): number => runs.reduce((total, counts) => total + counts[key], 0);
  return {
    tests: sum("tests"),
    passed: sum("passed"),
    failed: sum("failed"),
    cancelled: sum("cancelled"),
    skipped: sum("skipped"),
    todo: sum("todo"),
  };
}

/** The closing lines of node:test. */
export function formatCounts(counts: TestCounts): string {
  const lines = [
    `tests ${counts.tests}`,
    `pass ${counts.passed}`,
    `fail ${counts.failed}`,
    `cancelled ${counts.cancelled}`,
    `skipped ${counts.skipped}`,
    `todo ${counts.todo}`,
  ];
  return lines.map((line) => `ℹ ${line}\n`).join("");
}

/** Whether nothing failed, and something ran. */
export function allPassed(counts: TestCounts): boolean {
  return counts.tests > 0 && counts.failed === 0 && counts.cancelled === 0;
}
