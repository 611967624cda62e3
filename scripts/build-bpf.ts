/** `npm run build:bpf [-- FILE.bpf.c...]`: compiles the kernel halves to the objects beside them. */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { say } from "./command.ts";
import { compile, kernelHalves, objectOf } from "./compile-bpf.ts";
import { fromRoot } from "./repository.ts";

const sources = process.argv.length > 2 ? process.argv.slice(2) : kernelHalves();
for (const source of sources) {
  const object = objectOf(source);
  const compiled = compileOrExit(source);
  if (existsSync(fromRoot(object)) && compiled.equals(readFileSync(fromRoot(object)))) continue;
  writeFileSync(fromRoot(object), compiled);
  say(`Wrote ${object}`);
}
say(`${sources.length} objects are what their sources give`);

function compileOrExit(source: string): Buffer {
  try {
    return compile(source);
  } catch (error) {
    say(`skep: ${source} cannot be compiled: ${error instanceof Error ? error.message : String(error)}`);
    say("      it needs these packages of Debian: clang-19 llvm-19 libbpf-dev");
    process.exit(1);
  }
}
