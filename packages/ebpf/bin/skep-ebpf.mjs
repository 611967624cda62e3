#!/usr/bin/env node
import { existsSync } from "node:fs";

// In the repository, where nothing may be built yet, Node.js runs the source itself.
const built = new URL("../dist/codegen/main.js", import.meta.url);
const { main } = await import(existsSync(built) ? built.href : new URL("../src/codegen/main.ts", import.meta.url).href);
process.exitCode = main(process.argv.slice(2));
