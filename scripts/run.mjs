/** `node scripts/run.mjs FILE.ts ARG...`: sets up, then runs a TypeScript file under the locked Node.js. */

import { spawn } from "node:child_process";
import { repositoryRoot, setup } from "./setup.mjs";

const node = setup();
const child = spawn(
  node,
  ["--conditions=skep-source", "--disable-warning=ExperimentalWarning", ...process.argv.slice(2)],
  {
    cwd: repositoryRoot,
    stdio: "inherit",
  },
);

// A terminal's Ctrl-C reaches the child by itself, and the child decides how to end; a SIGTERM is for this process alone.
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => child.kill("SIGTERM"));

child.on("exit", (status, signal) => {
  process.exitCode = signal === null ? (status ?? 1) : 1;
});
