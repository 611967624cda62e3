import { readFileSync } from "node:fs";
import { BpfError } from "@skep/ebpf";
import type { TargetOptions } from "../filters/target-options.ts";

export interface FileTracerOptions extends TargetOptions {
  /**
   * Only files on file systems of these types, by the names of /proc/filesystems: `ext4`, `tmpfs`; `pipefs` and `sockfs`
   * are where pipes and sockets are. What couldn't be opened is on none, and is left out. All when absent.
   */
  readonly fileSystems?: readonly string[];
  /** Operations that take at least so long, 1 or more, are given out as single events; none when absent. */
  readonly slowNs?: number;
  /** How much is kept; for tests of what happens when it is full. */
  readonly limits?: Partial<FileTracerLimits>;
}

export interface FileTracerLimits {
  /** Processes x files between two reads of the kernel's tables. */
  readonly rows: number;
  /** Threads that live at the same time, of those that have opened, read or written something. */
  readonly threads: number;
  /** Processes x paths in a report. */
  readonly files: number;
  /** Time between two reads, unless a table fills up before that. */
  readonly readIntervalMs: number;
}

/** Entries of `wanted_file_systems` in file-table.h. */
const MAXIMUM_FILE_SYSTEMS = 64;

/** Where descriptors without a file are; not among those that can be mounted. */
const ANONYMOUS = "anon_inodefs";

/** @throws BpfError `invalid-argument` for what this kernel has no such file system, or no time, for */
export function assertFileTracerOptions(
  { fileSystems = [], slowNs = 1 }: FileTracerOptions,
  knownFileSystems: readonly string[] = fileSystemTypes(),
): void {
  if (!Number.isSafeInteger(slowNs) || slowNs < 1) {
    throw new BpfError("invalid-argument", `no operation takes ${slowNs} ns`, { hint: "give a whole number from 1" });
  }
  if (fileSystems.length > MAXIMUM_FILE_SYSTEMS) {
    throw new BpfError("invalid-argument", `${fileSystems.length} types of file systems are too many`, {
      hint: `give up to ${MAXIMUM_FILE_SYSTEMS}`,
    });
  }
  for (const name of fileSystems) {
    if (name === ANONYMOUS || knownFileSystems.includes(name)) continue;
    throw new BpfError("invalid-argument", `this kernel has no file system "${name}"`, {
      hint: "list those that it has: cat /proc/filesystems",
    });
  }
}

function fileSystemTypes(): string[] {
  return Array.from(readFileSync("/proc/filesystems", "utf8").matchAll(/\t(.+)$/gm), ([, name]) => name ?? "");
}

/** @param threadCount threads on the machine now */
export function fileTracerLimits(threadCount: number, { limits }: FileTracerOptions): FileTracerLimits {
  return { rows: 2048, threads: Math.max(2048, 2 * threadCount), files: 16_384, readIntervalMs: 1000, ...limits };
}
