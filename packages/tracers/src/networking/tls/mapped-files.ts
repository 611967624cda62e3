import { closeSync, constants, fstatSync, openSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type MemoryRange, parseMaps } from "@skep/symbols";

/** A file that a process has mapped to run code of it. */
export interface MappedFile {
  /** Device and inode, as `/proc/PID/maps` has them: the same for each process that maps it, in whatever container. */
  readonly identity: string;
  /** As the process sees it. */
  readonly path: string;
  readonly range: MemoryRange;
}

/** The executables and libraries of a process, each one once; none where it has exited or is out of reach. */
export function mappedFiles(pid: number, procPath: string = "/proc"): MappedFile[] {
  const files = new Map<string, MappedFile>();
  for (const range of parseMaps(readText(join(procPath, `${pid}`, "maps")))) {
    if (range.kind !== "file") continue;
    const identity = `${range.device} ${range.inode}`;
    if (!files.has(identity)) files.set(identity, { identity, path: range.path, range });
  }
  return Array.from(files.values());
}

/**
 * Opens that very file: by what the kernel has mapped, which finds it when it was deleted or replaced, too; or, without
 * CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE, by its name, if there is still the same file.
 *
 * @returns a descriptor, to be closed by the caller; undefined where it is out of reach
 */
export function openMappedFile(
  pid: number,
  { path, range }: MappedFile,
  procPath: string = "/proc",
): number | undefined {
  const folder = join(procPath, `${pid}`);
  const addresses = `${range.start.toString(16)}-${range.end.toString(16)}`;
  for (const candidate of [join(folder, "map_files", addresses), join(folder, "root", path)]) {
    let descriptor: number;
    try {
      descriptor = openSync(candidate, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    } catch {
      continue;
    }
    const stat = fstatSync(descriptor);
    if (stat.isFile() && stat.ino === range.inode) return descriptor;
    closeSync(descriptor);
  }
  return undefined;
}

/** The processes that there are. */
export function processIds(procPath: string = "/proc"): number[] {
  return readdirSync(procPath)
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/**
 * How much code of libraries a process has mapped, in KiB: another number when it has loaded one more. Reading it costs
 * a fraction of what reading all of its maps does. Undefined for kernel threads, and where the process has exited.
 */
export function libraryKib(pid: number, procPath: string = "/proc"): number | undefined {
  const found = /^VmLib:\s+(\d+) kB$/m.exec(readText(join(procPath, `${pid}`, "status")))?.[1];
  return found === undefined ? undefined : Number(found);
}

/** Where distributions keep libraries, and programs that hold one. */
const LIBRARY_FOLDERS: readonly string[] = [
  ...["/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/local/lib", "/usr/local/lib64"],
  ...["/usr/bin", "/usr/local/bin"],
];
const LIBRARY_NAME = /^(lib(ssl|gnutls|node)\.so(\.\d+)*|node)$/;

/**
 * What of TLS is installed, whether or not a process uses it: programs that are started later, and are short, are seen from
 * their start. The Node.js that runs this is one of them.
 */
export function installedLibraries(folders: readonly string[] = LIBRARY_FOLDERS): string[] {
  const triplets = folders.flatMap((folder) =>
    namesIn(folder)
      .filter((name) => name.endsWith("-linux-gnu") || name.endsWith("-linux-musl"))
      .map((name) => join(folder, name)),
  );
  const installed = [...folders, ...triplets].flatMap((folder) =>
    namesIn(folder)
      .filter((name) => LIBRARY_NAME.test(name))
      .map((name) => join(folder, name)),
  );
  return [process.execPath, ...installed];
}

/** What `/proc/PID/maps` would call the open file: but for file systems that give each of their volumes a device (btrfs). */
export function identityOf(descriptor: number): string {
  const { dev, ino } = fstatSync(descriptor, { bigint: true });
  // The C library's makedev(): of both numbers the low bits come first, and then the high ones.
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn);
  const minor = (dev & 0xffn) | ((dev >> 12n) & ~0xffn);
  return `${hexadecimal(major)}:${hexadecimal(minor)} ${ino}`;
}

function hexadecimal(number: bigint): string {
  return number.toString(16).padStart(2, "0");
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    // Not there on this machine.
    return [];
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // It has exited, or belongs to someone whom we may not look at.
    return "";
  }
}
