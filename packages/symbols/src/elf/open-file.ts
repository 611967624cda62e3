import { type BigIntStats, closeSync, constants, fstatSync, openSync, statSync } from "node:fs";

export interface FileIdentity {
  readonly inode: bigint;
  readonly userId: number;
  /**
   * Device, inode, size and time of last change: files of the same identity have the same contents. While one of them
   * is open, its inode number is not given to another file.
   */
  readonly identity: string;
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
  const identity = identityOf(fstatSync(descriptor, { bigint: true }));
  if (identity !== undefined) return { ...identity, descriptor };
  closeSync(descriptor);
  return undefined;
}

function identityOf(stat: BigIntStats): FileIdentity | undefined {
  if (!stat.isFile()) return undefined;
  const identity = `${stat.dev}:${stat.ino}:${stat.size}:${stat.mtimeNs}`;
  return { inode: stat.ino, userId: Number(stat.uid), identity };
}
