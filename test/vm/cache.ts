import { mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

/** Where downloads are kept from one run to the next: `$XDG_CACHE_HOME/skep`, or `~/.cache/skep`. */
export function cachePath(...parts: string[]): string {
  const base = process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache");
  return join(base, "skep", ...parts);
}

/**
 * Lets `fill` write into an empty folder beside `path`, and moves it there once it is complete: a run that is cut short
 * leaves nothing that looks finished.
 */
export async function fillFolder(path: string, fill: (folder: string) => void | Promise<void>): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  const folder = mkdtempSync(`${path}.partial-`);
  try {
    await fill(folder);
    rmSync(path, { recursive: true, force: true });
    renameSync(folder, path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
