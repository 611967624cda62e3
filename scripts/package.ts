/**
 * `npm run package`: dist/skep-VERSION-linux-ARCH.tar.gz, all that Skep needs on another machine of this architecture,
 * Node.js included:
 *
 *   skep/bin/skep          the command
 *   skep/lib/node          Node.js
 *   skep/lib/node_modules  the bundle, the kernel halves, the page, koffi
 */

import { chmodSync, cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { build } from "./build-packages.ts";
import { mustRun, say } from "./command.ts";
import { fromRoot } from "./repository.ts";

const launcher = `#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
exec "$here/../lib/node" "$here/../lib/node_modules/skep/bin/skep.mjs" "$@"
`;

/** What of a package of this repository is needed at run time: the bundle holds the code of all of them. */
const runtimeFiles = ["package.json", "bin/*", "dist/bundle/**", "dist/assets/**", "dist/**/*.bpf.o"];
/** Neither koffi's sources nor its manual. */
const koffiFiles = ["package.json", "LICENSE.txt", "*.{js,cjs}", "lib/**"];

await build();
const { version } = JSON.parse(readFileSync(fromRoot("packages/agent/package.json"), "utf8"));
const archive = fromRoot(`dist/skep-${version}-linux-${process.arch}.tar.gz`);
const staging = mkdtempSync(join(tmpdir(), "skep-package-"));
try {
  stage(join(staging, "skep"));
  mkdirSync(dirname(archive), { recursive: true });
  await mustRun("tar", [
    ...["--create", "--gzip", "--file", archive, "--directory", staging],
    ...["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "skep"],
  ]);
} finally {
  rmSync(staging, { recursive: true });
}
say(`Wrote ${archive}`);

function stage(folder: string): void {
  const modules = join(folder, "lib/node_modules");
  for (const name of ["ebpf", "symbols", "tracers", "otlp"]) {
    copyFiles(fromRoot(`packages/${name}`), runtimeFiles, join(modules, "@skep", name));
  }
  copyFiles(fromRoot("packages/agent"), runtimeFiles, join(modules, "skep"));
  copyFiles(fromRoot("node_modules/koffi"), koffiFiles, join(modules, "koffi"));
  const native = `@koromix/koffi-linux-${process.arch}`;
  copyFiles(fromRoot(`node_modules/${native}`), ["**"], join(modules, native));
  cpSync(process.execPath, join(folder, "lib/node"), { dereference: true });
  copyFiles(fromRoot("."), ["LICENSE", "LICENSES/**"], folder);
  mkdirSync(join(folder, "bin"));
  writeFileSync(join(folder, "bin/skep"), launcher);
  chmodSync(join(folder, "bin/skep"), 0o755);
}

function copyFiles(from: string, patterns: readonly string[], to: string): void {
  for (const entry of globSync([...patterns], { cwd: from, withFileTypes: true })) {
    if (!entry.isFile() || entry.parentPath.includes("/testing")) continue;
    const file = join(entry.parentPath, entry.name);
    cpSync(file, join(to, file.slice(from.length)));
  }
}
