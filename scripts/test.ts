/** `npm test`: brings what the tests need, builds, and runs them all; in CI (`CI=true`) the kernel matrix too. */

import { kernels } from "../test/vm/kernels.ts";
import { runMatrix } from "../test/vm/matrix.ts";
import { build } from "./build-packages.ts";
import { runCommand, say } from "./command.ts";
import { coverageByPackage, coverageFloor, coverageOf, formatCoverage } from "./coverage.ts";
import { installPackages, testPackages } from "./debian-packages.ts";
import {
  type FileCoverage,
  guestTestFiles,
  runTests,
  type TestReport,
  type TestTier,
  testFiles,
} from "./test-runner.ts";
import { allPassed, formatCounts, sumCounts } from "./test-totals.ts";

const inCi = process.env["CI"] === "true";
const reports: TestReport[] = [];
const coverage: FileCoverage[] = [];
/** What failed. */
const problems: string[] = [];
/** What did not run on this machine, and why. In CI these are problems. */
const leftOut: string[] = [];

await build();
await timed("Format, lint and types", async () => {
  await mustSucceed("biome found problems", "biome", ["check"]);
  await mustSucceed("the type check failed", "tsc", ["-p", "tsconfig.json"]);
});
await timed("Unit tests", () => runTier("unit"));
await asRoot("Kernel tests", [], () => runTier("kernel"));
await asRoot("Peer tests", testPackages.peers, () => runTier("peer"));
reportCoverage();
if (inCi) await asRoot("Kernel matrix", testPackages.guests, runGuests);

const counts = sumCounts(reports.map((report) => report.counts));
if (!allPassed(counts)) problems.push("tests failed");
if (inCi) problems.push(...leftOut.map((part) => `left out: ${part}`));
for (const part of leftOut) say(`Left out: ${part}`);
for (const problem of problems) say(`skep: ${problem}`);
process.stdout.write(formatCounts(counts));
process.exitCode = problems.length === 0 ? 0 : 1;

async function runTier(tier: TestTier): Promise<void> {
  const files = testFiles(tier);
  if (files.length === 0) return;
  const result = await runTests(tier, files, { coverage: true });
  reports.push(result);
  coverage.push(...result.coverage);
}

async function runGuests(): Promise<void> {
  const result = await runMatrix(
    kernels.map(({ name }) => name),
    guestTestFiles(),
  );
  reports.push(...result.reports);
  problems.push(...result.failed.map((name) => `kernel tests failed on Linux ${name}`));
  leftOut.push(...result.leftOut.map((name) => `Kernel matrix: Linux ${name} could not be fetched`));
}

function reportCoverage(): void {
  // What is left out covers nothing: its lines would look like a lack of tests.
  if (leftOut.length > 0) return;
  const packages = coverageByPackage(coverage);
  process.stdout.write(formatCoverage(packages));
  const low = packages.filter((entry) => coverageOf(entry) < coverageFloor).map(({ packageName }) => packageName);
  if (low.length > 0) problems.push(`tests run less than ${coverageFloor * 100}% of the lines of ${low.join(", ")}`);
}

/** Runs a part that needs root and Debian packages, or says that it was left out. */
async function asRoot(name: string, packages: readonly string[], work: () => Promise<void>): Promise<void> {
  if (process.getuid?.() !== 0) {
    leftOut.push(`${name}: not root`);
    return;
  }
  const missing = await installPackages(packages);
  if (missing.length > 0) leftOut.push(`${name}: Debian packages are missing: ${missing.join(" ")}`);
  else await timed(name, work);
}

async function mustSucceed(problem: string, command: string, args: readonly string[]): Promise<void> {
  if ((await runCommand(command, args)) !== 0) problems.push(problem);
}

async function timed(title: string, work: () => Promise<void>): Promise<void> {
  const startedMs = performance.now();
  say(`${title} ...`);
  await work();
  say(`${title}: ${((performance.now() - startedMs) / 1_000).toFixed(1)} s`);
}
