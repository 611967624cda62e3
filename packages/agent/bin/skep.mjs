#!/usr/bin/env node
// Plain JavaScript that any Node.js can parse, so that an old one gets a sentence instead of a syntax error.
const [major, minor] = process.versions.node.split(".").map(Number);

// A third less memory, measured by `npm run bench -- profile`: a small young generation, no optimizing compiler beyond
// Maglev, and a malloc that gives large buffers back. All of it is read when a process starts, so it starts once more.
const flags = ["--max-semi-space-size=1", "--max-opt=2"];
const mallocThreshold = "65536";

if (major < 22 || (major === 22 && minor < 15)) {
  process.stderr.write(`skep: Node.js ${process.versions.node} is too old: 22.15 or newer is needed\n`);
  process.exitCode = 1;
} else if (flags.some((flag) => !process.execArgv.includes(flag))) {
  process.execve(process.execPath, [process.execPath, ...flags, ...process.execArgv, ...process.argv.slice(1)], {
    MALLOC_MMAP_THRESHOLD_: mallocThreshold,
    ...process.env,
  });
} else {
  // Not for the commands that Skep starts.
  if (process.env.MALLOC_MMAP_THRESHOLD_ === mallocThreshold) delete process.env.MALLOC_MMAP_THRESHOLD_;
  await import("../dist/bundle/main.js").catch((error) => {
    if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
    process.stderr.write(`skep: not built (${error.message.split("\n")[0]})\n      run this first: npm run build\n`);
    process.exitCode = 1;
  });
}
