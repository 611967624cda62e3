#!/usr/bin/env node
// Plain JavaScript that any Node.js can parse, so that an old one gets a sentence instead of a syntax error.
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 15)) {
  process.stderr.write(`skep: Node.js ${process.versions.node} is too old: 22.15 or newer is needed\n`);
  process.exitCode = 1;
} else {
  await import("../dist/main.js").catch((error) => {
    if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
    process.stderr.write(`skep: not built (${error.message.split("\n")[0]})\n      run this first: npm run build\n`);
    process.exitCode = 1;
  });
}
