import { closeSync, openSync } from "node:fs";
import { FormatError, type KeyedMap } from "@skep/ebpf";
import { fileSource } from "@skep/ebpf/elf";
import { KernelCounters } from "../../filters/kernel-counters.ts";
import { attachLibrary, type TlsPrograms } from "./attach-library.ts";
import { type BusyProcess, HitRates } from "./hit-rates.ts";
import {
  identityOf,
  installedLibraries,
  libraryKib,
  type MappedFile,
  mappedFiles,
  openMappedFile,
  processIds,
} from "./mapped-files.ts";
import { findTlsLibraries, type TlsLibrary } from "./tls-functions.ts";
import {
  DEFAULT_INTERVAL_MS,
  DEFAULT_MAX_HITS_PER_SECOND,
  type TlsFile,
  type TlsOptions,
  type TlsReport,
} from "./tls-report.ts";

/** `struct tls_counters` of tls.h. */
interface TlsCounters {
  readonly sessions: bigint;
  readonly sessions_known: bigint;
  readonly conflicts: bigint;
  readonly several_sockets: bigint;
  readonly threads_full: bigint;
  readonly nested_too_deep: bigint;
  readonly unreturned: bigint;
}

/** What is needed of the object that includes tls.h. */
export interface TlsKernelHalf {
  readonly programs: TlsPrograms;
  readonly maps: {
    readonly tls_hits: KeyedMap<number, bigint>;
    readonly tls_counters: KeyedMap<number, TlsCounters[]>;
  };
}

export interface TlsProbesOptions extends TlsOptions {
  /**
   * Whether a process is traced: files that no such process uses are left alone, but for what is installed, which the
   * next one may use. All are by default.
   */
  readonly isWanted?: (pid: number) => boolean;
}

/** Each takes up to 15 descriptors; a machine has a handful, and one for each container image. */
const MOST_FILES = 128;
/** Files that are known to have no TLS library in them; when there are more, all are looked at anew. */
const MOST_OTHER_FILES = 16_384;
/** Processes looked at before the event loop gets its turn. */
const PROCESSES_PER_TURN = 16;
/** One in so many looks is at kernel threads, too: a program that the kernel starts begins as one. */
const LOOKS_FOR_ALL = 60;

type NamedFile = Pick<MappedFile, "identity" | "path">;

/** A file with a TLS library in it, which is attached to or was. */
interface KnownFile {
  report: TlsFile;
  readonly links: Disposable[];
}

/**
 * Finds what processes encrypt with, and attaches the programs of `tls.h` to it.
 *
 * A probe on a file covers all processes that have it mapped, in whatever container, and those to come: so each file is
 * looked at once. What a process that is started later brings with it is found at the next look, a second later at most;
 * the libraries that distributions install are attached to at the start.
 */
export class TlsProbes implements Disposable {
  readonly #kernelHalf: TlsKernelHalf;
  readonly #isWanted: (pid: number) => boolean;
  readonly #counters: KernelCounters<keyof TlsCounters>;
  readonly #rates: HitRates;
  /** By identity. */
  readonly #files = new Map<string, KnownFile>();
  /** Identity and path of those without: another file may get their inode, but then by another name. */
  readonly #others = new Set<string>();
  /** pid -> how much code of libraries it had mapped when it was looked at. */
  #processes = new Map<number, number>();
  /** Without memory of their own, as kernel threads are: a large machine has a thousand of them. */
  #withoutMemory: ReadonlySet<number> = new Set();
  #looks = 0;
  readonly #busy = new Set<number>();
  readonly #intervalMs: number;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();
  #disposed = false;

  private constructor(kernelHalf: TlsKernelHalf, options: TlsProbesOptions) {
    this.#kernelHalf = kernelHalf;
    this.#isWanted = options.isWanted ?? ((): boolean => true);
    this.#counters = new KernelCounters(kernelHalf.maps.tls_counters);
    this.#rates = new HitRates(options.maxHitsPerSecond ?? DEFAULT_MAX_HITS_PER_SECOND);
    this.#intervalMs = options.intervalMs ?? DEFAULT_INTERVAL_MS;
  }

  /** Attaches to what there is, and looks for more until it is disposed of. Never fails: what went wrong is in the report. */
  static async start(kernelHalf: TlsKernelHalf, options: TlsProbesOptions = {}): Promise<TlsProbes> {
    const probes = new TlsProbes(kernelHalf, options);
    probes.#attachInstalled();
    await probes.refresh();
    probes.#schedule();
    return probes;
  }

  /** Looks at the processes that are new or have loaded a library, and lets go of what costs too much. */
  refresh(): Promise<void> {
    this.#looking = this.#looking.then(() => this.#look());
    return this.#looking;
  }

  report(): TlsReport {
    const counted = this.#counters.read();
    return {
      files: Array.from(this.#files.values(), (file) => file.report),
      hits: this.#rates.total(this.#kernelHalf.maps.tls_hits),
      sessions: counted.sessions,
      sessionsKnown: counted.sessions_known,
      conflicts: counted.conflicts,
      callsLost: counted.threads_full + counted.nested_too_deep + counted.unreturned,
      tooBusy: this.#busy.size,
    };
  }

  /** Detaches. The report can still be asked for. */
  [Symbol.dispose](): void {
    this.#disposed = true;
    clearTimeout(this.#timer);
    for (const file of this.#files.values()) detach(file);
  }

  #schedule(): void {
    if (this.#disposed) return;
    this.#timer = setTimeout(() => {
      this.refresh().finally(() => this.#schedule());
    }, this.#intervalMs);
    this.#timer.unref();
  }

  async #look(): Promise<void> {
    if (this.#disposed) return;
    for (const busy of this.#rates.look(this.#kernelHalf.maps.tls_hits)) this.#letGo(busy);
    const before = this.#processes;
    this.#processes = new Map();
    let looked = 0;
    const knownWithout = this.#looks++ % LOOKS_FOR_ALL === 0 ? new Set<number>() : this.#withoutMemory;
    const without = new Set<number>();
    this.#withoutMemory = without;
    for (const pid of processIds()) {
      const library = knownWithout.has(pid) ? undefined : libraryKib(pid);
      if (library === undefined) without.add(pid);
      if (library === undefined || !this.#isWanted(pid)) continue;
      this.#processes.set(pid, library);
      if (before.get(pid) === library) continue;
      this.#lookAt(pid);
      if (++looked % PROCESSES_PER_TURN !== 0) continue;
      await new Promise((resolve) => setImmediate(resolve));
      if (this.#disposed) return;
    }
  }

  #lookAt(pid: number): void {
    for (const file of mappedFiles(pid)) {
      if (this.#isKnown(file)) continue;
      const descriptor = openMappedFile(pid, file);
      // Out of reach, for now: the process may have exited.
      if (descriptor !== undefined) this.#attachOnce(descriptor, file, pid);
    }
  }

  #attachInstalled(): void {
    for (const path of installedLibraries()) {
      let descriptor: number;
      try {
        descriptor = openSync(path, "r");
      } catch {
        // Removed meanwhile, or a link to nothing.
        continue;
      }
      this.#attachOnce(descriptor, { identity: identityOf(descriptor), path });
    }
  }

  #isKnown({ identity, path }: NamedFile): boolean {
    return this.#files.has(identity) || this.#others.has(`${identity} ${path}`);
  }

  /** Closes the descriptor. */
  #attachOnce(descriptor: number, file: NamedFile, pid?: number): void {
    try {
      if (this.#isKnown(file)) return;
      const libraries = librariesOf(descriptor);
      const [first] = libraries;
      if (first !== undefined) {
        this.#files.set(file.identity, this.#attach(descriptor, first, libraries, file.path, pid));
        return;
      }
      if (this.#others.size >= MOST_OTHER_FILES) this.#others.clear();
      this.#others.add(`${file.identity} ${file.path}`);
    } finally {
      closeSync(descriptor);
    }
  }

  #attach(
    descriptor: number,
    { name }: TlsLibrary,
    libraries: readonly TlsLibrary[],
    path: string,
    pid: number | undefined,
  ): KnownFile {
    const points = libraries.flatMap((library) => library.points);
    const functions = Array.from(new Set(points.map(({ symbol }) => symbol)));
    const links: Disposable[] = [];
    const report = { path, library: name, functions, ...(pid === undefined ? {} : { pid }) };
    const attached = Array.from(this.#files.values()).filter((file) => file.report.state === "attached").length;
    if (attached >= MOST_FILES) {
      return { report: { ...report, state: "failed", problem: `${MOST_FILES} files are attached already` }, links };
    }
    try {
      // The very file, by whatever name and wherever it is.
      links.push(...attachLibrary(this.#kernelHalf.programs, `/proc/self/fd/${descriptor}`, points));
      return { report: { ...report, state: "attached" }, links };
    } catch (error) {
      return { report: { ...report, state: "failed", problem: (error as Error).message }, links };
    }
  }

  /** All files that it uses, and so for all others who use them: a probe can leave no single process out. */
  #letGo({ pid, hitsPerSecond }: BusyProcess): void {
    this.#busy.add(pid);
    const problem = `process ${pid} came upon it ${Math.round(hitsPerSecond)} times a second`;
    for (const { identity } of mappedFiles(pid)) {
      const file = this.#files.get(identity);
      if (file?.report.state !== "attached") continue;
      detach(file);
      file.report = { ...file.report, state: "too busy", problem };
    }
  }
}

function librariesOf(descriptor: number): TlsLibrary[] {
  try {
    return findTlsLibraries(fileSource(descriptor));
  } catch (error) {
    // No ELF file, one for another kind of machine, or a broken one: none of these have functions that we could find.
    if (error instanceof FormatError || (error instanceof Error && "errno" in error)) return [];
    throw error;
  }
}

function detach({ links }: KnownFile): void {
  for (const link of links.splice(0)) link[Symbol.dispose]();
}
