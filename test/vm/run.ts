/** `run.ts [KERNEL]... [FILE|FOLDER]...`: runs kernel tests in guests; those for guests on all kernels of the matrix by default. */

import { guestTestFiles, testFiles } from "../../scripts/test-runner.ts";
import { formatCounts, sumCounts } from "../../scripts/test-totals.ts";
import { kernels } from "./kernels.ts";
import { runMatrix } from "./matrix.ts";

const words = process.argv.slice(2);
const paths = words.filter((word) => !kernels.some(({ name }) => name === word));
const names = kernels.map(({ name }) => name).filter((name) => words.length === paths.length || words.includes(name));

const { reports, failed, leftOut } = await runMatrix(
  names,
  paths.length > 0 ? testFiles("kernel", paths) : guestTestFiles(),
);
process.stdout.write(formatCounts(sumCounts(reports.map(({ counts }) => counts))));
process.exitCode = failed.length > 0 || (process.env["CI"] === "true" && leftOut.length > 0) ? 1 : 0;
