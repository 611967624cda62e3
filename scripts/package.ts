/**
 * `npm run package`: dist/skep-VERSION-linux-ARCH.tar.gz, all that Skep needs on another machine of this architecture,
 * Node.js included.
 */

import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { build } from "./build-packages.ts";
import { mustRun, say } from "./command.ts";
import { fromRoot } from "./repository.ts";
import { stagePackage } from "./stage-package.ts";

await build();
const { version } = JSON.parse(readFileSync(fromRoot("packages/agent/package.json"), "utf8"));
const archive = fromRoot(`dist/skep-${version}-linux-${process.arch}.tar.gz`);
const staging = mkdtempSync(join(tmpdir(), "skep-package-"));
try {
  stagePackage(join(staging, "skep"));
  mkdirSync(dirname(archive), { recursive: true });
  await mustRun("tar", [
    ...["--create", "--gzip", "--file", archive, "--directory", staging],
    ...["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "skep"],
  ]);
} finally {
  rmSync(staging, { recursive: true });
}
say(`Wrote ${archive}`);
