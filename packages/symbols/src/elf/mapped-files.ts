import { closeSync } from "node:fs";
import { LruCache } from "../lru-cache.ts";
import type { MemoryRange } from "../process/maps.ts";
import { MappedFile } from "./mapped-file.ts";
import { type FileIdentity, identifyRegularFile, openRegularFile, placeOf } from "./open-file.ts";

/** The files that processes execute code from, each open once and parsed once for all processes. */
export class MappedFiles {
  readonly #files: LruCache<string, MappedFile>;
  /** Identities of those that are open, by where they are. */
  readonly #byPlace: Map<string, string> = new Map();
  readonly #maxSymbolBytes: number;

  /**
   * @param maxFiles that are kept open.
   * @param maxSymbolBytes that the names in them may take, of those that were asked for.
   */
  constructor(maxFiles: number, maxSymbolBytes: number) {
    this.#files = new LruCache(maxFiles, (file) => {
      if (this.#byPlace.get(file.place) === file.identity) this.#byPlace.delete(file.place);
      file.close();
    });
    this.#maxSymbolBytes = maxSymbolBytes;
  }

  get openCount(): number {
    return this.#files.size;
  }

  get memoryBytes(): number {
    let bytes = 0;
    for (const file of this.#files.values()) bytes += file.memoryBytes;
    return bytes;
  }

  /**
   * Opens the file behind a range of a process's memory, unless it is open already. Gives the identity by which
   * {@link get} finds it later; undefined when the file is out of reach, or is no regular file.
   *
   * By `map_files`, which leads to the mapped file itself, whatever became of its name; that needs CAP_SYS_ADMIN, since
   * 5.9 CAP_CHECKPOINT_RESTORE. Else by its path in the process's root, where the inode shows whether the file there is
   * still the one that is mapped.
   *
   * Most programs that start use files that others use: the device and inode of an open file are its own, and so it takes
   * no path to see that it is the one. (Where file systems show other numbers in maps, none is found so.)
   */
  open(pid: number, range: MemoryRange): string | undefined {
    const known = this.#files.get(this.#byPlace.get(placeOf(range.device, range.inode)) ?? "");
    if (known?.isUnchanged === true) return known.identity;
    const exactPath = `/proc/${pid}/map_files/${range.start.toString(16)}-${range.end.toString(16)}`;
    const exact = identifyRegularFile(exactPath);
    if (exact !== undefined) return this.#openAt(exactPath, exact, range.path);
    const path = `/proc/${pid}/root${range.path}`;
    const named = range.deleted ? undefined : identifyRegularFile(path);
    return named?.inode === BigInt(range.inode) ? this.#openAt(path, named, range.path) : undefined;
  }

  get(identity: string): MappedFile | undefined {
    return this.#files.get(identity);
  }

  /** Keeps the names of all files within their limit: those of the files that were not used for longest are let go. */
  trim(): void {
    let bytes = this.memoryBytes;
    for (const file of this.#files.values()) {
      if (bytes <= this.#maxSymbolBytes) return;
      bytes -= file.memoryBytes;
      file.forget();
    }
  }

  close(): void {
    this.#files.clear();
  }

  #openAt(path: string, expected: FileIdentity, pathInProcess: string): string | undefined {
    if (this.#files.get(expected.identity) !== undefined) return expected.identity;
    const file = openRegularFile(path);
    if (file === undefined) return undefined;
    // Replaced between the two calls: then it is not what the process runs.
    if (file.identity !== expected.identity) {
      closeSync(file.descriptor);
      return undefined;
    }
    this.#files.set(file.identity, new MappedFile(file, pathInProcess));
    this.#byPlace.set(file.place, file.identity);
    return file.identity;
  }
}
