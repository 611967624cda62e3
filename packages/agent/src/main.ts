/** The process itself: `bin/skep.mjs` imports this, built; tests run it from source. */

import { runCli } from "./cli/run-cli.ts";

// `skep ... | head` closes our stdout early. That ends the output, and is nobody's error.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit();
  });
}

// What the library warns of (kernel functions without names, say) is told in our form, not in that of Node.js.
process.removeAllListeners("warning");
process.on("warning", ({ message }) => process.stderr.write(`skep: ${message}\n`));

process.exitCode = await runCli(process.argv.slice(2));
