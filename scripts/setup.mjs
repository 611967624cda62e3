/**
 * What must hold before any TypeScript of this repository can run: Linux, the locked dependencies, Node.js 24 among
 * them. Plain JavaScript without dependencies, for the Node.js 20 that a fresh machine has.
 */

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, symlinkSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

export const repositoryRoot = fileURLToPath(new URL("..", import.meta.url));

const binaries = join(repositoryRoot, "node_modules", ".bin");
const wantedMajor = 24;

/** Installs what is missing, and puts the locked Node.js first on the PATH. Returns the path of that Node.js. */
export function setup() {
  if (process.platform !== "linux")
    fail("eBPF is a part of Linux, and this is not Linux", "use a Linux machine, or a virtual one");
  if (!dependenciesAreCurrent()) installDependencies();
  process.env.PATH = `${binaries}${delimiter}${process.env.PATH ?? ""}`;
  return lockedNode();
}

/**
 * Whether node_modules holds what package-lock.json asks for. npm leaves a copy of the lock as it was installed;
 * versions are compared, since times of files say nothing after a checkout.
 */
function dependenciesAreCurrent() {
  const installedLock = join(repositoryRoot, "node_modules", ".package-lock.json");
  if (!existsSync(installedLock)) return false;
  const installed = readLock(installedLock);
  return Object.entries(readLock(join(repositoryRoot, "package-lock.json"))).every(([path, wanted]) => {
    if (!path.startsWith("node_modules/")) return true;
    const found = installed[path];
    return found === undefined ? wanted.optional === true : found.version === wanted.version;
  });
}

function readLock(file) {
  return JSON.parse(readFileSync(file, "utf8")).packages;
}

function installDependencies() {
  say("Installing the dependencies with npm ci (some 400 MB on disk, once) ...");
  // The workspace packages ask for Node.js >= 22.15, which this very step brings: errors only, no EBADENGINE.
  const { error, status } = spawnSync("npm", ["ci", "--loglevel=error"], {
    cwd: repositoryRoot,
    // npm prints what it added on stdout, which belongs to the command that follows.
    stdio: ["ignore", process.stderr.fd, process.stderr.fd],
  });
  if (error !== undefined) fail(`npm cannot be run: ${error.message}`, "install npm; it comes with Node.js");
  if (status !== 0) fail("npm ci failed", "see its messages above; it needs the npm registry");
}

/**
 * The Node.js that comes as an optional dependency, one package per architecture. npm before 11 leaves no link to it:
 * it links the fitting package, then drops the other one together with the link of the same name.
 */
function lockedNode() {
  const link = join(binaries, "node");
  const packaged = `node-linux-${process.arch}/bin/node`;
  if (!existsSync(link) && existsSync(join(binaries, "..", packaged))) symlinkSync(`../${packaged}`, link);

  const version = existsSync(link) ? spawnSync(link, ["--version"], { encoding: "utf8" }).stdout : undefined;
  if (version?.startsWith(`v${wantedMajor}.`) === true) return link;
  return fail(
    `node_modules/.bin/node is ${version?.trim() || "missing"}, and Node.js ${wantedMajor} is needed`,
    `it is an optional dependency for x64 and arm64: run "npm ci --include=optional"`,
  );
}

/** One plain line on stderr: stdout belongs to the command's own result. */
export function say(line) {
  process.stderr.write(`${line}\n`);
}

/** Ends the process with one line of what is wrong and one of what to do. */
export function fail(problem, hint) {
  say(`skep: ${problem}\n      ${hint}`);
  process.exit(1);
}
