import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { repositoryRoot, sourceFiles } from "./repository.ts";

// One little-endian object serves x86-64 and arm64 alike.
const compilerFlags: readonly string[] = [
  ...["-g", "-O2", "-target", "bpfel", "-mcpu=v3", "-Wall", "-Werror"],
  ...["-I", "packages/tracers/src/kernel"],
  // Debian keeps <asm/types.h> in a folder of the machine's own architecture.
  ...["-isystem", `/usr/include/${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-gnu`],
  // Names of source files end up in .BTF: relative ones, so that the bytes do not depend on where the repository is.
  "-fdebug-compilation-dir=.",
];

/** Every kernel half, relative to the root. */
export function kernelHalves(): string[] {
  return sourceFiles("{packages,examples,bench}/**/*.bpf.c");
}

/** Where the object of a kernel half is committed: beside it. */
export function objectOf(source: string): string {
  return source.replace(/\.c$/, ".o");
}

/**
 * Compiles one kernel half; the same source gives the same bytes, whatever folder the repository is in.
 *
 * Throws when a compiler is missing, or has printed on stderr what it does not like.
 */
export function compile(source: string, root: string = repositoryRoot): Buffer {
  const folder = mkdtempSync(join(tmpdir(), "skep-bpf-"));
  const object = join(folder, "object.o");
  try {
    execFileSync("clang-19", [...compilerFlags, "-c", source, "-o", object], { cwd: root, stdio: "inherit" });
    // Away with DWARF; .BTF and .BTF.ext, which the loader and the kernel read, stay.
    execFileSync("llvm-strip-19", ["-g", object], { stdio: "inherit" });
    return readFileSync(object);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
