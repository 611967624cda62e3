import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fromRoot } from "../../scripts/repository.ts";
import { cachePath, fillFolder } from "./cache.ts";

/**
 * Writes the guests' whole system into `folder`, as one archive: busybox, Node.js with its shared libraries, the
 * repository with its dependencies, and the names of the test files to run. Returns the archive's path.
 */
export async function buildInitramfs(folder: string, tests: readonly string[]): Promise<string> {
  const archive = join(folder, "initramfs.cpio");
  const repository = join(folder, "repository");
  copyRepository(join(repository, "skep"));
  writeFileSync(join(repository, "tests"), tests.join("\n"));
  // The kernel unpacks archives that follow each other one over the other.
  writeFileSync(archive, Buffer.concat([readFileSync(await systemArchive()), pack(repository)]));
  return archive;
}

/** What changes rarely and is large, from the cache: everything but the repository. */
async function systemArchive(): Promise<string> {
  const init = fromRoot("test/vm/guest-init.sh");
  const programs = { "bin/busybox": "/bin/busybox", "bin/node": process.execPath };
  const files = new Map(Object.entries({ init, ...programs }));
  for (const library of Object.values(programs).flatMap(sharedLibraries)) files.set(library.slice(1), library);

  const digest = createHash("sha256").update(readFileSync(import.meta.filename));
  for (const [path, source] of files) digest.update(path).update(readFileSync(source));
  const folder = cachePath("guest", digest.digest("hex").slice(0, 16));
  if (!existsSync(folder)) {
    await fillFolder(folder, (partial) => {
      const system = join(partial, "system");
      for (const [path, source] of files) copyInto(system, path, source);
      writeFileSync(join(partial, "system.cpio"), pack(system));
      rmSync(system, { recursive: true });
    });
  }
  return join(folder, "system.cpio");
}

/** Paths of the shared libraries that a program loads, its dynamic linker included; none for a static one. */
function sharedLibraries(program: string): string[] {
  const { stdout } = spawnSync("ldd", [program], { encoding: "utf8" });
  return Array.from(stdout.matchAll(/(\/\S+) \(0x/g), ([, path]) => path ?? "");
}

function copyRepository(to: string): void {
  const isNeeded = (source: string): boolean => !/\/node_modules$|\/packages\/ui$/.test(source);
  for (const path of ["package.json", "packages", "scripts", "test"]) {
    cpSync(fromRoot(path), join(to, path), { recursive: true, filter: isNeeded });
  }
  for (const path of productionDependencies()) {
    cpSync(fromRoot(path), join(to, path), { recursive: true, verbatimSymlinks: true });
  }
}

/** Folders, and links to the workspace's packages, that npm would install for a user; without Node.js itself. */
function productionDependencies(): string[] {
  const lock: InstalledLock = JSON.parse(readFileSync(fromRoot("node_modules/.package-lock.json"), "utf8"));
  return Object.entries(lock.packages)
    .filter(([path, { dev }]) => path.startsWith("node_modules/") && dev !== true && !path.includes("node-linux-"))
    .map(([path]) => path);
}

/** The part of npm's record of what it has installed that is read here. */
interface InstalledLock {
  readonly packages: Readonly<Record<string, { readonly dev?: boolean }>>;
}

function copyInto(folder: string, path: string, source: string): void {
  const target = join(folder, path);
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(source, target);
  chmodSync(target, 0o755);
}

/** A folder's contents as an archive of the format that the kernel unpacks. */
function pack(folder: string): Buffer {
  // Folders come before what is in them, as the kernel wants it.
  const entries = readdirSync(folder, { recursive: true, encoding: "utf8" });
  const options = ["--create", "--format=newc", "--owner=0:0", "--quiet"];
  return execFileSync("cpio", options, { cwd: folder, input: entries.join("\n"), maxBuffer: 1 << 30 });
}
