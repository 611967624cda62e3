/** `PATH_*` of kernel/path.h. */
const TRUNCATED = 1;
const DELETED = 2;
const UNREACHABLE = 4;
const APART = 8;

/** The path of a file, as the process that has it would see it. */
export interface PathText {
  /**
   * Absolute from the process's root. A memfd, pipe, socket or anonymous inode has no place in a tree: its name alone,
   * which may be empty. Bytes that are not UTF-8 show as U+FFFD.
   */
  readonly path: string;
  /** Nothing has this name any more; where /proc says " (deleted)". */
  readonly deleted: boolean;
  /** Too deep to be read whole: `path` begins with `...` in place of what is nearest to the root. */
  readonly truncated: boolean;
  /** Not below the process's root; `path` then begins at the root of the mount namespace or file system it is in. */
  readonly unreachable: boolean;
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Puts together what kernel/path.h found.
 *
 * @param names the names, leaf first, each followed by a NUL
 * @param flags as the kernel half set them
 */
export function joinPath(names: Uint8Array, flags: number): PathText {
  // The last NUL ends a name and begins none. A name is never empty, but that of a pipe.
  const parts = decoder.decode(names).split("\0").slice(0, -1).reverse();
  const apart = (flags & APART) !== 0;
  const truncated = (flags & TRUNCATED) !== 0;
  return {
    path: apart ? parts.join("/") : `${truncated ? "..." : ""}/${parts.join("/")}`,
    deleted: (flags & DELETED) !== 0,
    truncated,
    unreachable: (flags & UNREACHABLE) !== 0,
  };
}
