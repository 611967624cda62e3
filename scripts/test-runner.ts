import { availableParallelism } from "node:os";
import { pipeline } from "node:stream/promises";
import { type EventData, run } from "node:test";
import { spec } from "node:test/reporters";
import { inspect } from "node:util";
import { say } from "./command.ts";
import { killOverdueChildren } from "./overdue-children.ts";
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

const NOT_IN_GUESTS = [
  "packages/agent/",
  "packages/symbols/",
  "packages/tracers/src/networking/request-load.",
  "packages/tracers/src/networking/tls/tls-preempted.",
];
const AGENT_IN_GUESTS = "packages/agent/src/service/run-service.";

export interface TestCounts {
  readonly tests: number;
  readonly passed: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly skipped: number;
  readonly todo: number;
}

export interface SkippedTest {
  readonly name: string;
  readonly reason: string;
}

/** What one run of tests came to; plain data, so that a guest can send it to its host. */
export interface TestReport {
  readonly counts: TestCounts;
  readonly skipped: readonly SkippedTest[];
  /** Names of the tests that failed or were cancelled. */
  readonly failures: readonly string[];
}

export type FileCoverage = EventData.TestCoverage["summary"]["files"][number];

export interface TestResult extends TestReport {
  /** Empty unless it was asked for. */
  readonly coverage: readonly FileCoverage[];
}

export interface TestOptions {
  /** Measure which lines run, in the tests' processes and in the Node.js processes that they start. */
  readonly coverage?: boolean;
  /** For each test; 120 by default. A file whose process lives for five times as long is killed. */
  readonly timeoutSeconds?: number;
  /** Print why a test failed at once, not just in the end: the run may be ended before. */
  readonly failuresAtOnce?: boolean;
}

/** A tier's test files, relative to the root; with `under`, those alone that are one of these files or in one of these folders. */
export function testFiles(tier: TestTier, under: readonly string[] = []): string[] {
  return sourceFiles("{packages,examples,bench,scripts,test}/**/*.test.ts")
    .filter((file) => tierOf(file) === tier)
    .filter((file) => under.length === 0 || under.some((path) => file === path || file.startsWith(`${path}/`)));
}

/**
 * The kernel tests that run on each kernel of the matrix: all of the BPF library and the tracers, and of the agent the ones
 * that run all of it. What its commands ask of a kernel the tracers' tests have asked, and each of their starts takes a
 * minute where the processor is emulated. Those that are about many requests at once are left out, and those of the
 * symbolizer, which takes a minute for the tables of Node.js: it reads files, and the profiler's tests have names, too.
 */
export function guestTestFiles(): string[] {
  return testFiles("kernel").filter(
    (file) => file.startsWith(AGENT_IN_GUESTS) || !NOT_IN_GUESTS.some((path) => file.startsWith(path)),
  );
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
  const timeoutMs = (options.timeoutSeconds ?? 120) * 1_000;
  using _watch = killOverdueChildren(5 * timeoutMs, () => say("skep: a test file took too long, and was killed"));
  const events = run({
    files: files.map(fromRoot),
    cwd: repositoryRoot,
    // Tests of the kernel share it, its load and its counters: one at a time.
    concurrency: tier === "unit" ? availableParallelism() : 1,
    coverage: options.coverage ?? false,
    timeout: timeoutMs,
  });

  let counts: TestCounts | undefined;
  let coverage: readonly FileCoverage[] = [];
  const skipped: SkippedTest[] = [];
  const failures: string[] = [];

  async function* observe(): AsyncGenerator<unknown> {
    for await (const event of events) {
      // Its table would drown the results.
      if (event.type !== "test:coverage") yield event;
      if (event.type === "test:fail") {
        failures.push(event.data.name);
        if (options.failuresAtOnce === true) printFailure(event.data);
      }
      if (event.type === "test:coverage") coverage = event.data.summary.files;
      // Every file has a summary; the one that names no file is of them all.
      if (event.type === "test:summary" && event.data.file === undefined) counts = countsOf(event.data);
      if (event.type === "test:pass" && event.data.skip !== undefined) {
        skipped.push({ name: event.data.name, reason: String(event.data.skip) });
      }
    }
  }

  await pipeline(observe, new spec(), process.stdout, { end: false });
  if (counts === undefined) throw new Error("node:test ended without a summary");
  return { counts, skipped, failures, coverage };
}

function printFailure({ name, details }: EventData.TestFail): void {
  process.stdout.write(`${name}: ${inspect(details.error.cause ?? details.error)}\n`);
}

function countsOf({ counts }: EventData.TestSummary): TestCounts {
  const { tests, passed, cancelled, skipped, todo } = counts;
  // Each test is counted as one of them; @types/node 24 leaves the failed ones out.
  return { tests, passed, failed: tests - passed - cancelled - skipped - todo, cancelled, skipped, todo };
}
