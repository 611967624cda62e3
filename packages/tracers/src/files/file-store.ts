import type { FileDescription } from "./file-descriptions.ts";
import type { FileOperations, FileStatistics } from "./file-report.ts";

type MutableOperations = { -readonly [Name in keyof FileOperations]: FileOperations[Name] };

interface Entry {
  readonly description: FileDescription;
  readonly operations: MutableOperations;
  readonly errors: Map<string, number>;
}

/** What one report takes out of the store. */
export interface StoredFiles {
  readonly files: FileStatistics[];
  /** Of the files that had to go. */
  readonly unattributed: FileOperations;
  readonly evicted: number;
}

/** Adds up rows from the kernel by process and path. */
export class FileStore {
  readonly #entries = new Map<string, Entry>();
  readonly #limit: number;
  #unattributed = noOperations();
  #evicted = 0;

  /** @param limit how many files are kept apart; the ones used longest ago go first */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @param error name of what the operations failed with */
  add(description: FileDescription, operations: FileOperations, error: string | undefined): void {
    const { identity } = description;
    const entry = this.#entries.get(identity) ?? { description, operations: noOperations(), errors: new Map() };
    // Insertion order is order of use.
    this.#entries.delete(identity);
    this.#entries.set(identity, entry);
    addOperations(entry.operations, operations);
    if (error !== undefined) entry.errors.set(error, (entry.errors.get(error) ?? 0) + operationCount(operations));
    if (this.#entries.size > this.#limit) this.#evictOldest();
  }

  /** All that was added since the last call. */
  take(): StoredFiles {
    const files = Array.from(this.#entries.values(), ({ description, operations, errors }): FileStatistics => {
      const { process, path, type, fileSystem, deleted } = description;
      return { process, path, type, fileSystem, deleted, ...operations, errors: Object.fromEntries(errors) };
    });
    const taken = { files: files.sort(byUse), unattributed: this.#unattributed, evicted: this.#evicted };
    this.#entries.clear();
    this.#unattributed = noOperations();
    this.#evicted = 0;
    return taken;
  }

  #evictOldest(): void {
    const [oldest] = this.#entries;
    if (oldest === undefined) return;
    const [identity, { operations }] = oldest;
    this.#entries.delete(identity);
    addOperations(this.#unattributed, operations);
    this.#evicted++;
  }
}

export function operationCount({ opens, reads, writes, syncs }: FileOperations): number {
  return opens + reads + writes + syncs;
}

export function sumOperations(a: FileOperations, b: FileOperations): FileOperations {
  const sum = { ...a };
  addOperations(sum, b);
  return sum;
}

/** Most bytes first, then most operations. */
function byUse(a: FileStatistics, b: FileStatistics): number {
  const bytes = b.readBytes + b.writtenBytes - a.readBytes - a.writtenBytes;
  return bytes !== 0 ? bytes : operationCount(b) - operationCount(a);
}

function addOperations(sum: MutableOperations, more: FileOperations): void {
  // One by one: a loop over their names takes ten times as long, and there are thousands of rows a second.
  sum.opens += more.opens;
  sum.reads += more.reads;
  sum.writes += more.writes;
  sum.syncs += more.syncs;
  sum.readBytes += more.readBytes;
  sum.writtenBytes += more.writtenBytes;
  sum.openNs += more.openNs;
  sum.readNs += more.readNs;
  sum.writeNs += more.writeNs;
  sum.syncNs += more.syncNs;
}

function noOperations(): MutableOperations {
  return {
    opens: 0,
    reads: 0,
    writes: 0,
    syncs: 0,
    readBytes: 0,
    writtenBytes: 0,
    openNs: 0,
    readNs: 0,
    writeNs: 0,
    syncNs: 0,
  };
}
