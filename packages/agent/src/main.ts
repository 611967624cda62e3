/** The process itself: `bin/skep.mjs` imports this, built; tests run it from source. */

import { CliError } from "./cli/cli-error.ts";
import { describeErrno } from "./cli/errno.ts";
import { hasFlag } from "./cli/parse-arguments.ts";
import { describeError } from "./cli/report-error.ts";
import { runCli } from "./cli/run-cli.ts";

const args = process.argv.slice(2);

process.stdout.on("error", (cause: NodeJS.ErrnoException) => {
  // `skep ... | head` closes our output early. That ends it, and is nobody's error.
  if (cause.code === "EPIPE") process.exit();
  throw new CliError(`cannot write to standard output: ${describeErrno(cause)}`, { cause });
});
process.stderr.on("error", () => process.exit());

// What goes wrong outside of any command's promise, in a timer of the library say.
process.on("uncaughtException", (error) => {
  const { text, exitCode } = describeError(error, hasFlag(args, "verbose"));
  process.stderr.write(text);
  process.exit(exitCode);
});

// What the library warns of (kernel functions without names, say) is told in our form, not in that of Node.js.
process.removeAllListeners("warning");
process.on("warning", ({ message }) => process.stderr.write(`skep: ${message}\n`));

process.exitCode = await runCli(args);
