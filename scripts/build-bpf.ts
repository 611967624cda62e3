/** `npm run build:bpf [-- FILE.bpf.c...]`: compiles kernel halves to the objects, and writes the modules, beside them. */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { generatedModules, regenerate } from "./bindings.ts";
import { say } from "./command.ts";
import { compile, kernelHalves, objectOf } from "./compile-bpf.ts";
import { fromRoot } from "./repository.ts";

const sources = process.argv.length > 2 ? process.argv.slice(2) : kernelHalves();
for (const source of sources) writeIfChanged(objectOf(source), compileOrExit(source));
for (const file of generatedModules()) writeIfChanged(file, Buffer.from(regenerate(file)));
say(`${sources.length} objects are what their sources give`);

function writeIfChanged(file: string, contents: Buffer): void {
  const path = fromRoot(file);
  if (existsSync(path) && contents.equals(readFileSync(path))) return;
  writeFileSync(path, contents);
  say(`Wrote ${file}`);
}

function compileOrExit(source: string): Buffer {
  try {
    return compile(source);
  } catch (error) {
    say(`skep: ${source} cannot be compiled: ${error instanceof Error ? error.message : String(error)}`);
    say("      it needs these packages of Debian: clang-19 llvm-19 libbpf-dev");
    process.exit(1);
  }
}
