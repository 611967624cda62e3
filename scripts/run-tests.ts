/** `run-tests.ts --tier unit|kernel|peer [--timeout SECONDS] [--report JSON-FILE] [FILE|FOLDER]...`: runs one tier's tests. */

import { writeFileSync } from "node:fs";
import { relative } from "node:path";
import { parseArgs } from "node:util";
import { say } from "./command.ts";
import { repositoryRoot } from "./repository.ts";
import { runTests, type TestReport, testFiles, testTiers } from "./test-runner.ts";
import { allPassed } from "./test-totals.ts";

const { values: options, positionals } = parseArgs({
  options: { tier: { type: "string" }, timeout: { type: "string", default: "120" }, report: { type: "string" } },
  allowPositionals: true,
});

const tier = testTiers.find((name) => name === options.tier);
if (tier === undefined) {
  say(`skep: --tier is one of ${testTiers.join(", ")}`);
  process.exit(2);
}

const files = testFiles(tier, positionals.map(relativeToRoot));
if (files.length === 0) {
  say(`skep: no ${tier} tests in ${positionals.join(", ") || "the repository"}`);
  process.exit(1);
}

const { counts, skipped, failures } = await runTests(tier, files, {
  timeoutSeconds: Number(options.timeout),
  failuresAtOnce: options.report !== undefined,
});
const report: TestReport = { counts, skipped, failures };
if (options.report !== undefined) writeFileSync(options.report, JSON.stringify(report));
process.exitCode = allPassed(counts) ? 0 : 1;

function relativeToRoot(path: string): string {
  return relative(repositoryRoot, path);
}
