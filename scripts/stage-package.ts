/**
 * All that Skep needs on another machine of this architecture, as it lies in the archive of `npm run package`:
 *
 *   bin/skep          the command
 *   lib/node          Node.js
 *   lib/node_modules  the bundle, the kernel halves, the page, koffi
 *   deploy, docs      the unit for systemd, the guide
 */

import { chmodSync, constants, cpSync, globSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fromRoot } from "./repository.ts";

const launcher = `#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
exec "$here/../lib/node" "$here/../lib/node_modules/skep/bin/skep.mjs" "$@"
`;

/** What of a package of this repository is needed at run time: the bundle holds the code of all of them. */
const runtimeFiles = ["package.json", "bin/*", "dist/bundle/**", "dist/assets/**", "dist/**/*.bpf.o"];
/** Neither koffi's sources in C nor its manual. */
const koffiFiles = ["package.json", "LICENSE.txt", "{index,indirect}.{js,cjs}", "src/**/*.{js,cjs}"];
const ownFiles = ["LICENSE", "LICENSES/**", "docs/*.md", "deploy/systemd/*"];

/** Puts it into a folder that does not exist yet. Everything has to be built. */
export function stagePackage(folder: string): void {
  const modules = join(folder, "lib/node_modules");
  for (const name of ["ebpf", "symbols", "tracers", "otlp"]) {
    copyFiles(fromRoot(`packages/${name}`), runtimeFiles, join(modules, "@skep", name));
  }
  copyFiles(fromRoot("packages/agent"), runtimeFiles, join(modules, "skep"));
  copyFiles(fromRoot("node_modules/koffi"), koffiFiles, join(modules, "koffi"));
  const native = `@koromix/koffi-linux-${process.arch}`;
  copyFiles(fromRoot(`node_modules/${native}`), ["**"], join(modules, native));
  copyFiles(fromRoot("."), ownFiles, folder);
  cpSync(process.execPath, join(folder, "lib/node"), { dereference: true, mode: constants.COPYFILE_FICLONE });
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
