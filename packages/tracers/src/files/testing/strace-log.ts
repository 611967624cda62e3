/** What strace saw of the files of one path; the names are those of FileStatistics. */
export interface StracedFile {
  opens: number;
  reads: number;
  writes: number;
  syncs: number;
  readBytes: number;
  writtenBytes: number;
  errors: Record<string, number>;
}

type Operation = "opens" | "reads" | "writes" | "syncs";

/** By which of its arguments a call does what; all others here open files. */
const CALLS: Readonly<Record<string, Partial<Record<Operation, number>>>> = {
  read: { reads: 0 },
  readv: { reads: 0 },
  pread64: { reads: 0 },
  preadv: { reads: 0 },
  preadv2: { reads: 0 },
  write: { writes: 0 },
  writev: { writes: 0 },
  pwrite64: { writes: 0 },
  pwritev: { writes: 0 },
  pwritev2: { writes: 0 },
  sendfile: { reads: 1, writes: 0 },
  splice: { reads: 0, writes: 2 },
  copy_file_range: { reads: 0, writes: 2 },
  fsync: { syncs: 0 },
  fdatasync: { syncs: 0 },
};

/** For `strace -e`: all that the tracer looks at. */
export const STRACED_CALLS: string = [...Object.keys(CALLS), "open", "openat", "openat2", "creat"].join(",");

/** Sums up a log of `strace -f -y -s 4096` by path. A removed name ends in " (deleted)". */
export function readStraceLog(log: string): Map<string, StracedFile> {
  const files = new Map<string, StracedFile>();
  for (const [name, text, result] of completedCalls(log)) {
    const error = /^-1 (E\w+)/.exec(result)?.[1];
    const count = (path: string, operation: Operation): void => {
      const file = files.get(path) ?? newFile();
      files.set(path, file);
      file[operation]++;
      const bytes = Math.max(Number.parseInt(result, 10), 0);
      if (operation === "reads") file.readBytes += bytes;
      if (operation === "writes") file.writtenBytes += bytes;
      if (error !== undefined) file.errors[error] = (file.errors[error] ?? 0) + 1;
    };
    const parts = splitArguments(text);
    const call = CALLS[name];
    if (call === undefined) count(error === undefined ? descriptorPath(result) : askedPath(parts), "opens");
    for (const [operation, index] of Object.entries(call ?? {})) {
      count(descriptorPath(parts[index] ?? ""), operation as Operation);
    }
  }
  return files;
}

function newFile(): StracedFile {
  return { opens: 0, reads: 0, writes: 0, syncs: 0, readBytes: 0, writtenBytes: 0, errors: {} };
}

/** Name, text of the arguments, and result. A call that another thread's interrupts in the log is put together again. */
function* completedCalls(log: string): Generator<[name: string, text: string, result: string]> {
  const begun = new Map<string, string>();
  for (const line of log.split("\n")) {
    const [, thread = "", rest = ""] = /^(\d+) +(.*)$/.exec(line) ?? [];
    const unfinished = /^(.*) <unfinished \.\.\.>$/.exec(rest)?.[1];
    if (unfinished !== undefined) {
      begun.set(thread, unfinished);
      continue;
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest)?.[1];
    const whole = resumed === undefined ? rest : `${begun.get(thread) ?? ""}${resumed}`;
    const [, name, text, result] = /^(\w+)\((.*)\) += (-?\d.*)$/.exec(whole) ?? [];
    if (name !== undefined && text !== undefined && result !== undefined) yield [name, text, result];
  }
}

/** At the commas that are in no string, list, structure or path. */
function splitArguments(text: string): string[] {
  const parts = text.match(/(?:"(?:[^"\\]|\\.)*"(?:\.\.\.)?|\[[^\]]*\]|\{[^}]*\}|<[^>]*>|[^,])+/g) ?? [];
  return parts.map((part) => part.trim());
}

/** Of `3</etc/hosts>`, `4<pipe:[17]>`, `5</tmp/a>(deleted)`; and of `-1`, which is none. */
function descriptorPath(text: string): string {
  const [, path, deleted] = /^-?\d+<(.*)>(\(deleted\))?/.exec(text) ?? [];
  if (path === undefined) return "bad descriptor";
  const kind = /^(pipe|socket):\[\d+\]$/.exec(path)?.[1];
  return `${kind ?? path}${deleted === undefined ? "" : " (deleted)"}`;
}

/** What an open that failed asked for: `AT_FDCWD</tmp>, "a"`; or with open and creat, `"a"`. */
function askedPath(parts: readonly string[]): string {
  const [first = "", second = ""] = parts;
  const directory = /^(?:AT_FDCWD|\d+)<(.*)>$/.exec(first)?.[1];
  const path = JSON.parse(first.startsWith('"') ? first : second) as string;
  return path.startsWith("/") || directory === undefined ? path : `${directory}/${path.replace(/^\.\//, "")}`;
}
