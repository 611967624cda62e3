#!/usr/bin/env node
// Plain JavaScript that any Node.js can parse, so that an old one gets a sentence instead of a syntax error.
const [major, minor] = process.versions.node.split(".").map(Number);

// A third less memory, measured by `npm run bench -- profile`: a small young generation, no optimizing compiler beyond
// Maglev, and a malloc that gives large buffers back and has one arena for all threads. The old generation grows by no
// more than a fifth before it is collected: what a round leaves there is garbage by the next. Beside 20 process starts a
// second that is 58 MB of anonymous memory after a minute instead of 99, for 4 % more CPU time. V8 would keep the pages
// that its collector has freed, 9 MB after the start and 14 after a tracer's restart; in memory-saver mode it gives them
// back. All of it is read when a process starts, so it starts once more.
const flags = ["--max-semi-space-size=1", "--max-opt=2", "--heap-growing-percent=20"];
// Older ones do not know it, and refuse to start.
if (major >= 24) flags.push("--memory-saver-mode");
const environment = { MALLOC_MMAP_THRESHOLD_: "65536", MALLOC_ARENA_MAX: "1" };

if (major < 22 || (major === 22 && minor < 15)) {
  process.stderr.write(`skep: Node.js ${process.versions.node} is too old: 22.15 or newer is needed\n`);
  process.exitCode = 1;
} else if (flags.some((flag) => !process.execArgv.includes(flag))) {
  await limitPrivileges();
  // So that the commands that Skep starts do without them (src/run/launched-command.ts).
  const added = Object.keys(environment).filter((name) => process.env[name] === undefined);
  process.execve(process.execPath, [process.execPath, ...flags, ...process.execArgv, ...process.argv.slice(1)], {
    ...environment,
    ...process.env,
    SKEP_ADDED_VARIABLES: added.join(" "),
  });
} else {
  await import("../dist/bundle/main.js").catch((error) => {
    if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
    process.stderr.write(`skep: not built (${error.message.split("\n")[0]})\n      run this first: npm run build\n`);
    process.exitCode = 1;
  });
}

/** The agent lets go of what it does not need, which takes a new start, too: this one does for both. */
async function limitPrivileges() {
  const [, , command = "run"] = process.argv;
  if (command !== "run") return;
  try {
    (await import("../dist/bundle/limit-privileges.js")).dropPrivileges();
  } catch {
    // Not built, or no library to call the kernel with: the next start meets that, too, and tells of it.
  }
}
