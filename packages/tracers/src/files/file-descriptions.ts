import { joinPath } from "../filters/path-text.ts";
import type { TracedProcess } from "../traced-process.ts";
import type { TracedProcesses } from "../traced-processes.ts";
import type { FileType } from "./file-report.ts";
import { type FileKey, FileKind, type FileRecord } from "./file-table.ts";

/** What is shown of a file, and whose it is. */
export interface FileDescription {
  readonly process: TracedProcess;
  readonly path: string;
  readonly type: FileType;
  readonly fileSystem: string;
  readonly deleted: boolean;
  /** Text that tells apart what is shown apart. */
  readonly identity: string;
}

export const UNKNOWN_PATH = "[unknown]";

const decoder = new TextDecoder();

/**
 * The files that the kernel half has told of. It tells of each again in each of its tables, so what it told of before
 * the last but one {@link FileDescriptions.rotate} is let go.
 */
export class FileDescriptions {
  readonly #processes: TracedProcesses;
  #recent = new Map<string, FileDescription>();
  #older = new Map<string, FileDescription>();

  constructor(processes: TracedProcesses) {
    this.#processes = processes;
  }

  add(record: FileRecord): void {
    const { key, processName, pathFlags, names } = record;
    const process = this.#processes.get(key.pid, key.image, processName);
    const deleted = key.kind !== FileKind.named && joinPath(names, pathFlags).deleted;
    this.#recent.set(
      key.identity,
      describe(process, key, { path: pathOf(record), fileSystem: fileSystemOf(record), deleted }),
    );
  }

  /** Of a file that was never told of: `[unknown]`. */
  get(key: FileKey): FileDescription {
    const known = this.#recent.get(key.identity) ?? this.#older.get(key.identity);
    if (known !== undefined) return known;
    const process = this.#processes.get(key.pid, key.image, UNKNOWN_PATH);
    return describe(process, key, { path: UNKNOWN_PATH, fileSystem: "", deleted: false });
  }

  /** To be called when a table of the kernel half has been read. */
  rotate(): void {
    this.#older = this.#recent;
    this.#recent = new Map();
  }
}

function describe(
  process: TracedProcess,
  key: FileKey,
  shown: Pick<FileDescription, "path" | "fileSystem" | "deleted">,
): FileDescription {
  const type = typeOf(key.kind);
  const identity = [key.pid, key.image, type, shown.fileSystem, shown.deleted, shown.path].join("/");
  return { process, type, ...shown, identity };
}

function typeOf(kind: number): FileType {
  switch (kind) {
    case FileKind.regular:
      return "file";
    case FileKind.directory:
      return "directory";
    case FileKind.socket:
      return "socket";
    case FileKind.pipe:
      return "pipe";
    case FileKind.device:
      return "device";
    case FileKind.other:
      return "other";
    default:
      return "none";
  }
}

/** Sockets and nameless pipes are sent without file system, as these are always on the same. */
function fileSystemOf(record: FileRecord): string {
  if (record.key.kind === FileKind.socket) return "sockfs";
  return isNamelessPipe(record) ? "pipefs" : record.fileSystem;
}

function isNamelessPipe({ key, fileSystem }: FileRecord): boolean {
  return key.kind === FileKind.pipe && fileSystem === "";
}

function pathOf(record: FileRecord): string {
  const { key, fileSystem, names, pathFlags, asked } = record;
  switch (key.kind) {
    case FileKind.socket:
      return "socket";
    case FileKind.absent:
      return "bad descriptor";
    case FileKind.named:
      return asked === undefined ? UNKNOWN_PATH : resolve(decoder.decode(asked), names, pathFlags);
    default: {
      if (isNamelessPipe(record)) return "pipe";
      const { path } = joinPath(names, pathFlags);
      // The kernel's own name of the inode that these share says nothing; that of the descriptor does.
      return fileSystem === "anon_inodefs" ? `anon_inode:${path}` : path || fileSystem;
    }
  }
}

/**
 * A path that could not be opened, from the root. It stays as it was written behind the directory: what its `..` leads
 * to is for the file system to say.
 */
function resolve(asked: string, directory: Uint8Array, directoryFlags: number): string {
  if (asked.startsWith("/")) return asked;
  const { path } = joinPath(directory, directoryFlags);
  // Its descriptor stands for no directory.
  if (path === "") return asked;
  const inside = asked.replace(/^(\.\/+)+/, "");
  return path === "/" ? `/${inside}` : `${path}/${inside}`;
}
