import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { codeLines, coverageByPackage, coverageOf, formatCoverage } from "./coverage.ts";
import { fromRoot } from "./repository.ts";

test("lines of code are those that hold more than blanks, comments, types and closing brackets", () => {
  const source = `/** Says
 * what it does. */
export interface Shape {
  readonly sizeBytes: number;
}

// Why.
export function area(shape: Shape): number {
  if (shape.sizeBytes > 1) {
    return [
      1,
    ].length;
  }
  return 2;
}
`;
  assert.deepEqual(codeLines(source), [8, 9, 10, 11, 12, 14]);
});

test("a file of types has no lines of code", () => {
  assert.deepEqual(
    codeLines('import type { A } from "./a.ts";\nexport type B = A;\nexport interface C {\n  a: A;\n}\n'),
    [],
  );
});

test("a line counts when one of several runs ran it, and a file that no test loaded counts as not covered", () => {
  const path = fromRoot("packages/otlp/src/protobuf/writer.ts");
  const lines = codeLines(readFileSync(path, "utf8"));
  const ran = (covered: readonly number[]): typeof nothing => ({
    ...nothing,
    path,
    lines: lines.map((line) => ({ line, count: covered.includes(line) ? 1 : 0 })),
  });
  const [first = 0, second = 0, third = 0] = lines;
  const packages = coverageByPackage([ran([first, second]), ran([second, third])]);

  const otlp = packages.find(({ packageName }) => packageName === "otlp");
  assert.equal(otlp?.coveredLineCount, 3);
  assert.ok(otlp !== undefined && otlp.lineCount > lines.length, "the other files of the package are counted");
  assert.equal(packages.find(({ packageName }) => packageName === "ebpf")?.coveredLineCount, 0);
});

test("the table has a line per package", () => {
  const table = formatCoverage([{ packageName: "ebpf", lineCount: 400, coveredLineCount: 355 }]);
  assert.equal(table, "COVERED        LINES  PACKAGE\n  88.8%      355/400  ebpf\n");
});

test("a package without code is covered", () => {
  assert.equal(coverageOf({ packageName: "empty", lineCount: 0, coveredLineCount: 0 }), 1);
});

const nothing = {
  path: "",
  totalLineCount: 0,
  totalBranchCount: 0,
  totalFunctionCount: 0,
  coveredLineCount: 0,
  coveredBranchCount: 0,
  coveredFunctionCount: 0,
  coveredLinePercent: 0,
  coveredBranchPercent: 0,
  coveredFunctionPercent: 0,
  functions: [],
  branches: [],
  lines: [] as { line: number; count: number }[],
};
