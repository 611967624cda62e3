import { readFileSync } from "node:fs";
import { release, version } from "node:os";

export interface KernelVersion {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
}

/**
 * The version of the kernel's source. `uname -r` does not always tell it: Ubuntu's patch number stays at 0 and is in
 * /proc/version_signature, Debian's is in `uname -v`.
 */
export function kernelVersion(): KernelVersion {
  let signature = "";
  try {
    signature = readFileSync("/proc/version_signature", "latin1");
  } catch {
    // Only Ubuntu's kernels have it.
  }
  return parseKernelVersion({ release: release(), version: version(), signature });
}

/** @param uname release is `uname -r`, version `uname -v`, signature the contents of /proc/version_signature. */
export function parseKernelVersion(uname: {
  readonly release: string;
  readonly version: string;
  readonly signature: string;
}): KernelVersion {
  const text =
    /^\S+ \S+ (\d+\.\d+\.\d+)/.exec(uname.signature)?.[1] ??
    /\bDebian (\d+\.\d+\.\d+)/.exec(uname.version)?.[1] ??
    uname.release;
  const [, major = "0", minor = "0", patch = "0"] = /^(\d+)\.(\d+)(?:\.(\d+))?/.exec(text) ?? [];
  return { major: Number(major), minor: Number(minor), patch: Number(patch) };
}

/** Whether a version is at least `"5.8"`. */
export function isAtLeast(version: KernelVersion, wanted: string): boolean {
  const [major = 0, minor = 0, patch = 0] = wanted.split(".").map(Number);
  if (version.major !== major) return version.major > major;
  if (version.minor !== minor) return version.minor > minor;
  return version.patch >= patch;
}
