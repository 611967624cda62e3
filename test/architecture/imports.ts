import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fromRoot } from "../../scripts/repository.ts";

export interface Import {
  /** Importing file, relative to the root. */
  readonly file: string;
  /** As it is written, such as `@skep/ebpf/elf` or `../errors.ts`. */
  readonly specifier: string;
  /** `import type` and `export type` leave nothing in the running program. */
  readonly typeOnly: boolean;
}

const statement = /^\s*(?:import|export)\s+(type\s)?(?:[\w\s{},*$]*?\sfrom\s+)?"([^"]+)"|\bimport\("([^"]+)"\)/gm;

/** What a TypeScript file imports, or exports again from elsewhere. */
export function importsOf(file: string): Import[] {
  return importsIn(readFileSync(fromRoot(file), "utf8")).map((found) => ({ file, ...found }));
}

export function importsIn(source: string): Omit<Import, "file">[] {
  return Array.from(source.matchAll(statement), ([, type, specifier, dynamic]) => ({
    specifier: specifier ?? dynamic ?? "",
    typeOnly: type !== undefined,
  }));
}

/** Path, relative to the root, of what a relative import names; undefined for a package or a built-in module. */
export function importedFile({ file, specifier }: Import): string | undefined {
  return specifier.startsWith(".") ? join(dirname(file), specifier) : undefined;
}

/** Name of the package that an import names; undefined for a relative import and for modules of Node.js. */
export function importedPackage({ specifier }: Import): string | undefined {
  if (specifier.startsWith(".") || specifier.startsWith("node:")) return undefined;
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}
