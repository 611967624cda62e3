/**
 * Compiles every kernel half (`*.bpf.c`, or those given) to the `*.bpf.o` beside it. With `--check` it changes nothing,
 * and fails if a committed object is not, byte for byte, what its source gives.
 */

import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { say } from "./command.ts";
import { fromRoot, repositoryRoot, sourceFiles } from "./repository.ts";

// One little-endian object serves x86-64 and arm64 alike.
const compilerFlags = [
  ...["-g", "-O2", "-target", "bpfel", "-mcpu=v3", "-Wall", "-Werror"],
  ...["-I", "packages/tracers/src/kernel"],
  // Debian keeps <asm/types.h> in a folder of the machine's own architecture.
  ...["-isystem", `/usr/include/${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-gnu`],
  // Names of source files end up in .BTF: relative ones, so that the bytes do not depend on where the repository is.
  "-fdebug-compilation-dir=.",
];

const { values: options, positionals } = parseArgs({
  options: { check: { type: "boolean", default: false } },
  allowPositionals: true,
});

const sources = sourceFiles(...(positionals.length > 0 ? positionals : ["{packages,examples}/**/*.bpf.c"]));
const stale = sources.filter(isStale);
if (stale.length === 0) {
  say(`${sources.length} BPF objects are what their sources give`);
} else if (options.check) {
  say(`skep: not what its source gives: ${stale.map(objectOf).join(", ")}`);
  say(`      run "npm run build:bpf" and commit the result`);
  process.exitCode = 1;
} else {
  say(`Wrote ${stale.map(objectOf).join(", ")}`);
}

/** Compiles a source and says whether its object differs from what was there; without `--check` puts it there. */
function isStale(source: string): boolean {
  const object = fromRoot(objectOf(source));
  const compiled = compile(source);
  if (existsSync(object) && compiled.equals(readFileSync(object))) return false;
  if (!options.check) writeFileSync(object, compiled);
  return true;
}

function compile(source: string): Buffer {
  const folder = mkdtempSync(join(tmpdir(), "skep-bpf-"));
  const object = join(folder, "object.o");
  try {
    run("clang-19", [...compilerFlags, "-c", source, "-o", object]);
    // Away with DWARF; .BTF and .BTF.ext, which the loader and the kernel read, stay.
    run("llvm-strip-19", ["-g", object]);
    return readFileSync(object);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function run(command: string, args: readonly string[]): void {
  try {
    execFileSync(command, args, { cwd: repositoryRoot, stdio: "inherit" });
  } catch (error) {
    const missing = error instanceof Error && "code" in error && error.code === "ENOENT";
    say(
      missing
        ? `skep: ${command} is missing\n      apt-get install clang-19 llvm-19 libbpf-dev`
        : `skep: ${command} failed`,
    );
    process.exit(1);
  }
}

function objectOf(source: string): string {
  return source.replace(/\.c$/, ".o");
}
