import { availableParallelism } from "node:os";
import { pipeline } from "node:stream/promises";
import { type EventData, run, type TestsStream } from "node:test";
import { spec } from "node:test/reporters";
import { fromRoot, repositoryRoot, sourceFiles } from "./repository.ts";

export const testTiers = ["unit", "kernel", "peer"] as const;

/**
 * What a test needs beyond Node.js, as told by its file's name:
 *
 * - `unit` (`x.test.ts`): nothing
 * - `kernel` (`x.kernel.test.ts`): root and the running kernel; these run in the guests of `test/vm` too
 * - `peer` (`x.peer.test.ts`): root, and the Debian packages whose results ours are compared with
 */
export type TestTier = (typeof testTiers)[number];

export interface TestCounts {
  readonly tests: number;
  readonly passed: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly skipped: number;
  readonly todo: number;
}

export type FileCoverage = EventData.TestCoverage["summary"]["files"][number];

export interface TestResult {
  readonly counts: TestCounts;
  /** Empty unless it was asked for. */
  readonly coverage: readonly FileCoverage[];
}

export interface TestOptions {
  /** Measure which lines run, in the tests' processes and in the Node.js processes that they start. */
  readonly coverage?: boolean;
  /** For the tests of one file; 120 by default. */
  readonly timeoutSeconds?: number;
}

/** A tier's test files, relative to the root; with `under`, those alone that are one of these files or in one of these folders. */
export function testFiles(tier: TestTier, under: readonly string[] = []): string[] {
  return sourceFiles("{packages,examples,bench,scripts,test}/**/*.test.ts")
    .filter((file) => tierOf(file) === tier)
    .filter((file) => under.length === 0 || under.some((path) => file === path || file.startsWith(`${path}/`)));
}

function tierOf(file: string): TestTier {
  if (file.endsWith(".kernel.test.ts")) return "kernel";
  return file.endsWith(".peer.test.ts") ? "peer" : "unit";
}

/** Runs test files of one tier, each in its own process, and prints their results. */
export async function runTests(
  tier: TestTier,
  files: readonly string[],
  options: TestOptions = {},
): Promise<TestResult> {
  const events = run({
    files: files.map(fromRoot),
    cwd: repositoryRoot,
    // Tests of the kernel share it, its load and its counters: one at a time.
    concurrency: tier === "unit" ? availableParallelism() : 1,
    coverage: options.coverage ?? false,
    timeout: (options.timeoutSeconds ?? 120) * 1_000,
  });

  const result: { counts?: TestCounts; coverage: readonly FileCoverage[] } = { coverage: [] };
  await pipeline(takeResult(events, result), new spec(), process.stdout, { end: false });
  if (result.counts === undefined) throw new Error("node:test ended without a summary");
  return { counts: result.counts, coverage: result.coverage };
}

/** Lets the events pass to the reporter, but for the coverage, whose table would drown the results. */
async function* takeResult(
  events: TestsStream,
  result: { counts?: TestCounts; coverage: readonly FileCoverage[] },
): AsyncGenerator<unknown> {
  for await (const event of events) {
    if (event.type === "test:coverage") {
      result.coverage = event.data.summary.files;
      continue;
    }
    // Every file has a summary; the one that names no file is of them all.
    if (event.type === "test:summary" && event.data.file === undefined) result.counts = countsOf(event.data);
    yield event;
  }
}

function countsOf({ counts }: EventData.TestSummary): TestCounts {
  const { tests, passed, cancelled, skipped, todo } = counts;
  // Each test is counted as one of them; @types/node 24 leaves the failed ones out.
  return { tests, passed, failed: tests - passed - cancelled - skipped - todo, cancelled, skipped, todo };
}
