import { globSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const repositoryRoot: string = fileURLToPath(new URL("..", import.meta.url));

/** Absolute path of a file given relative to the root. */
export function fromRoot(path: string): string {
  return join(repositoryRoot, path);
}

const foldersOfOthers = new Set(["node_modules", "dist"]);

/** Files of the repository that match a pattern, relative to its root and sorted; none that were installed or built. */
export function sourceFiles(...patterns: string[]): string[] {
  const exclude = (path: string): boolean => path.split("/").some((part) => foldersOfOthers.has(part));
  return globSync(patterns, { cwd: repositoryRoot, exclude }).sort();
}
