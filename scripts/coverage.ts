import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { fromRoot, sourceFiles } from "./repository.ts";
import type { FileCoverage } from "./test-runner.ts";

/** Lines of code of one package, and how many of them some test ran. */
export interface PackageCoverage {
  readonly packageName: string;
  readonly lineCount: number;
  readonly coveredLineCount: number;
}

/** Lowest share of a package's lines of code that tests must run. */
export const coverageFloor = 0.85;

/**
 * Coverage per package, over several runs of tests: a line counts when any of them ran it.
 *
 * Only lines of code count: node:test reports blank lines, comments and types as covered, and leaves out files that no
 * test loaded. Here the first are left out and the second count as not covered.
 */
export function coverageByPackage(files: readonly FileCoverage[]): PackageCoverage[] {
  const linesRun = new Map<string, Set<number>>();
  for (const { path, lines } of files) {
    const linesOfFile = linesRun.get(path) ?? new Set();
    for (const { line, count } of lines) if (count > 0) linesOfFile.add(line);
    linesRun.set(path, linesOfFile);
  }

  const packages = Map.groupBy(measuredSources(), (file) => file.split("/").at(1) ?? "");
  return Array.from(packages, ([packageName, sources]) => {
    let lineCount = 0;
    let coveredLineCount = 0;
    for (const source of sources) {
      const lines = codeLines(readFileSync(fromRoot(source), "utf8"));
      lineCount += lines.length;
      coveredLineCount += lines.filter((line) => linesRun.get(fromRoot(source))?.has(line)).length;
    }
    return { packageName, lineCount, coveredLineCount };
  });
}

/** What is shipped: no tests and their helpers, nothing generated. The page is tested in a browser, out of sight of V8's counters here. */
function measuredSources(): string[] {
  const left = /\.test\.ts$|\.bpf\.ts$|\/testing\/|^packages\/ui\//;
  return sourceFiles("packages/*/src/**/*.ts").filter((file) => !left.test(file));
}

/** Numbers, from 1, of the lines that hold code: not blank, no comment, no type, more than closing brackets. */
export function codeLines(source: string): number[] {
  const noCode = /^\s*(\/\/.*|\/?\*.*|export \{\};|[\])}]*[;,]?)\s*$/;
  const lines = stripTypeScriptTypes(source).split("\n");
  return lines.flatMap((line, index) => (noCode.test(line) ? [] : [index + 1]));
}

export function coverageOf(coverage: PackageCoverage): number {
  return coverage.lineCount === 0 ? 1 : coverage.coveredLineCount / coverage.lineCount;
}

/** A table with a line per package. */
export function formatCoverage(packages: readonly PackageCoverage[]): string {
  const rows = packages.map((entry) => {
    const share = `${(coverageOf(entry) * 100).toFixed(1)}%`.padStart(7);
    return `${share}  ${`${entry.coveredLineCount}/${entry.lineCount}`.padStart(11)}  ${entry.packageName}\n`;
  });
  return `COVERED        LINES  PACKAGE\n${rows.join("")}`;
}
