import { type BigIntStats, closeSync, constants, fstatSync, openSync, statSync } from "node:fs";

export interface FileIdentity {
  readonly inode: bigint;
  readonly userId: number;
  /**
   * Device, inode, size and time of last change: files of the same identity have the same contents. While one of them
   * is open, its inode number is not given to another file.
   */
  readonly identity: string;
  /** Device and inode, written as the two are in `/proc/PID/maps`. */
  readonly place: string;
}

export interface OpenFile extends FileIdentity {
  readonly descriptor: number;
}

/** What regular file is at a path; undefined where there is none, or it is out of reach. */
export function identifyRegularFile(path: string): FileIdentity | undefined {
  try {
    return identityOf(statSync(path, { bigint: true }));
  } catch {
    // Vanished, forbidden or not there: all the same to those who look for symbols.
    return undefined;
  }
}

/**
 * Opens a regular file that another user may have put there; undefined where that is not possible. Devices are not
 * opened, since that alone may have an effect; a pipe that takes a file's place in between is not waited for.
 *
 * @param flags beyond those for reading, such as `O_NOFOLLOW`.
 */
export function openRegularFile(path: string, flags: number = 0): OpenFile | undefined {
  if (identifyRegularFile(path) === undefined) return undefined;
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY | flags);
  } catch {
    // As above; or the last part of the path is a symbolic link where none is allowed.
    return undefined;
  }
  const identity = identifyOpenFile(descriptor);
  if (identity !== undefined) return { ...identity, descriptor };
  closeSync(descriptor);
  return undefined;
}

function identityOf(stat: BigIntStats): FileIdentity | undefined {
  if (!stat.isFile()) return undefined;
  const identity = `${stat.dev}:${stat.ino}:${stat.size}:${stat.mtimeNs}`;
  return { inode: stat.ino, userId: Number(stat.uid), identity, place: placeOf(deviceText(stat.dev), stat.ino) };
}

export function placeOf(device: string, inode: number | bigint): string {
  return `${device} ${inode}`;
}

/** As `%02x:%02x` of major and minor number (show_vma_header_prefix in fs/proc/task_mmu.c), out of what libc makes of them. */
function deviceText(device: bigint): string {
  const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & ~0xfffn);
  const minor = (device & 0xffn) | ((device >> 12n) & 0xfff_ff00n);
  return `${hexadecimal(major)}:${hexadecimal(minor)}`;
}

function hexadecimal(number: bigint): string {
  return number.toString(16).padStart(2, "0");
}

/** What an open file is by now: another one, once it was written to. */
export function identifyOpenFile(descriptor: number): FileIdentity | undefined {
  return identityOf(fstatSync(descriptor, { bigint: true }));
}
