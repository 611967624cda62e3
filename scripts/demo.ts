/** `npm run demo`: a profile of this machine. Further arguments go to `skep profile`. */

import { build } from "./build-packages.ts";
import { runCommand } from "./command.ts";
import { fromRoot } from "./repository.ts";

await build();
process.exitCode = await runCommand(process.execPath, [
  ...[fromRoot("packages/agent/bin/skep.mjs"), "profile", "--duration", "10"],
  ...["--output", "skep-profile.pb.gz", "--output", "skep-profile.html"],
  ...process.argv.slice(2),
]);
