/** `npm start`: the agent on this machine. Further arguments go to `skep run`. */

import { build } from "./build-packages.ts";
import { runCommand } from "./command.ts";
import { fromRoot } from "./repository.ts";

await build();
process.exitCode = await runCommand(process.execPath, [
  ...[fromRoot("packages/agent/bin/skep.mjs"), "run"],
  ...process.argv.slice(2),
]);
