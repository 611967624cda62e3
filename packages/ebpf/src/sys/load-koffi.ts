import { existsSync } from "node:fs";
import { createRequire } from "node:module";

export type Koffi = typeof import("koffi");

/** The dynamic linker of musl has the machine's name, as uname(2) has it, in its own. */
const MACHINES: Readonly<Record<string, string>> = { x64: "x86_64", arm64: "aarch64" };

/**
 * The library that calls C functions. By require, when it is needed first: the parsers work without it, and its ESM entry
 * costs 2 MB more.
 *
 * Its entry looks for the native part through three modules, and adds functions that it advises against: 8 ms of a
 * process's start. So the native part is asked for at once, where npm puts it; the entry knows what else there is.
 */
export function loadKoffi(): Koffi {
  const require = createRequire(import.meta.url);
  const isMusl = existsSync(`/lib/ld-musl-${MACHINES[process.arch]}.so.1`);
  if (isMusl) return require("koffi") as Koffi;
  try {
    return require(`@koromix/koffi-linux-${process.arch}/linux_${process.arch}/koffi.node`) as Koffi;
  } catch {
    // Another package manager's layout, or another machine: if there is none at all, the entry says so.
    return require("koffi") as Koffi;
  }
}
