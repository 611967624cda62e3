#!/usr/bin/env node
// Plain JavaScript that any Node.js can parse, so that an old one gets a sentence instead of a syntax error.
const [major, minor] = process.versions.node.split(".").map(Number);
const [, , command = "run"] = process.argv;

// A third less memory, measured by `npm run bench -- profile`: a small young generation, and a malloc that gives large
// buffers back and has one arena for all threads. Both are read when a process starts, so it starts once more.
const flag = "--max-semi-space-size=1";
const environment = { MALLOC_MMAP_THRESHOLD_: "65536", MALLOC_ARENA_MAX: "1" };

// And no optimizing compiler beyond Maglev. The old generation grows by no more than a fifth before it is collected: what
// a round leaves there is garbage by the next. Beside 20 process starts a second that is 58 MB of anonymous memory after a
// minute instead of 99, for 4 % more CPU time. V8 would keep the pages that its collector has freed, 9 MB after the start
// and 14 after a tracer's restart; in memory-saver mode it gives them back.
const laterFlags = ["--no-turbofan", "--heap-growing-percent=20"];
// Older ones do not know it.
if (major >= 24) laterFlags.push("--memory-saver-mode");

if (major < 22 || (major === 22 && minor < 15)) {
  process.stderr.write(`skep: Node.js ${process.versions.node} is too old: 22.15 or newer is needed\n`);
  process.exitCode = 1;
} else if (!process.execArgv.includes(flag)) {
  await limitPrivileges();
  // So that the commands that Skep starts do without them (src/run/launched-command.ts).
  const added = Object.keys(environment).filter((name) => process.env[name] === undefined);
  process.execve(process.execPath, [process.execPath, flag, ...process.execArgv, ...process.argv.slice(1)], {
    ...environment,
    ...process.env,
    SKEP_ADDED_VARIABLES: added.join(" "),
  });
} else {
  loadOwnModules();
  for (const laterFlag of laterFlags) process.getBuiltinModule("node:v8").setFlagsFromString(laterFlag);
  keepCompiledCode();
  await import("../dist/bundle/main.js").catch((error) => {
    if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
    process.stderr.write(`skep: not built (${error.message.split("\n")[0]})\n      run this first: npm run build\n`);
    process.exitCode = 1;
  });
}

/** The agent lets go of what it does not need, which takes a new start, too: this one does for both. */
async function limitPrivileges() {
  if (command !== "run") return;
  try {
    (await import("../dist/bundle/limit-privileges.js")).dropPrivileges();
  } catch {
    // Not built, or no library to call the kernel with: the next start meets that, too, and tells of it.
  }
}

/**
 * Those of Node.js's modules that the agent needs. It brings compiled code for them, which V8 takes as long as no flag is
 * another one than when it was made: 10 to 20 ms of the start.
 */
function loadOwnModules() {
  if (command !== "run") return;
  for (const name of ["http", "zlib"]) process.getBuiltinModule(`node:${name}`);
}

/**
 * What V8 made of our own sources is kept for the next start, which takes 60 ms less: in the folder that systemd chose, or
 * in the user's cache. It runs as it is read, so it comes from a place that is ours alone, which the home folder of who
 * called `sudo` is not. Where there is none, or it cannot be written to, nothing is kept.
 */
function keepCompiledCode() {
  const { CACHE_DIRECTORY, XDG_CACHE_HOME, HOME } = process.env;
  const base = CACHE_DIRECTORY || XDG_CACHE_HOME || HOME;
  if (!base || !isOursAlone(base)) return;
  const below = CACHE_DIRECTORY ? "" : XDG_CACHE_HOME ? "/skep" : "/.cache/skep";
  process.getBuiltinModule("node:module").enableCompileCache(base + below);
}

function isOursAlone(folder) {
  const status = process.getBuiltinModule("node:fs").statSync(folder, { throwIfNoEntry: false });
  return status?.isDirectory() && status.uid === process.geteuid() && (status.mode & 0o022) === 0;
}
