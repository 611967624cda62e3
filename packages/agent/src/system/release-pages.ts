import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { defaultSys, type Sys } from "@skep/ebpf/sys";
import { disableFaultAround } from "./fault-around.ts";

/** `MADV_DONTNEED` of madvise(2). */
const MADV_DONTNEED = 4;

/** By then the first samples have their names: the symbol tables are read, and the code that read them has run. */
const FIRST_NAMES_MS = 3000;
/** Pages come back as they are used, by the round mostly. To give them back costs some 6 ms. */
const INTERVAL_MS = 5_000;

export interface AddressRange {
  readonly start: bigint;
  readonly sizeBytes: number;
}

interface FileMapping extends AddressRange {
  readonly isCode: boolean;
}

export interface FileRange extends AddressRange {
  /** Some of its pages are not its file's any more: where someone set a breakpoint, as our own uprobes do in OpenSSL. */
  readonly hasOwnPages: boolean;
}

/**
 * Gives the pages of the executable and its libraries back to the page cache, from where they return as they are used.
 * Two thirds of a Node.js process are pages of its executable, and what started it up is not needed again.
 *
 * @returns how many bytes of address space were given back
 */
export function releaseFilePages(sys: Sys = defaultSys()): number {
  let releasedBytes = 0;
  for (const range of releasableRanges(readFileSync("/proc/self/smaps", "latin1"))) {
    for (const { start, sizeBytes } of range.hasOwnPages ? readFileRuns(range, sys.pageSizeBytes) : [range]) {
      // What the kernel refuses stays where it is, and that does no harm.
      if (sys.madvise(start, sizeBytes, MADV_DONTNEED) === 0) releasedBytes += sizeBytes;
    }
  }
  return releasedBytes;
}

/**
 * {@link releaseFilePages}, and what malloc keeps of memory that was freed, at each time when much has run that will not run
 * again soon, until it is disposed of. Of a heap that is full of holes malloc gives nothing back by itself: 12 MB after the start.
 */
export class PageRelease implements Disposable {
  readonly #singlePages: Disposable | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @param firstDelaysMs until the first time, and from each of the first ones to the next; every 5 s after them */
  constructor(firstDelaysMs: readonly number[] = [0, FIRST_NAMES_MS]) {
    this.#singlePages = disableFaultAround(fileMappings(readFileSync("/proc/self/maps", "latin1")));
    this.startOver(firstDelaysMs);
  }

  /** From now on as at the beginning, with these delays. */
  startOver([delayMs = INTERVAL_MS, ...laterMs]: readonly number[]): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      releaseFilePages();
      defaultSys().trimMalloc();
      this.startOver(laterMs);
    }, delayMs).unref();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#singlePages?.[Symbol.dispose]();
  }
}

/**
 * The mappings of an `smaps` file of which pages can be read again from their file: private and not writable. Where one
 * has pages of its own, in memory or swapped out, it has to be code: else they are what the dynamic linker has relocated,
 * and there is little beside them.
 */
export function releasableRanges(smaps: string): FileRange[] {
  const ranges: FileRange[] = [];
  let candidate: FileMapping | undefined;
  let hasOwnPages = false;
  for (const line of smaps.split("\n")) {
    if (/^[0-9a-f]+-[0-9a-f]+ /.test(line)) {
      candidate = fileMapping(line);
      hasOwnPages = false;
    } else if (candidate !== undefined && /^(Anonymous|Swap): +[1-9]/.test(line)) {
      hasOwnPages = true;
    } else if (candidate !== undefined && line.startsWith("VmFlags:")) {
      const { start, sizeBytes, isCode } = candidate;
      if (isCode || !hasOwnPages) ranges.push({ start, sizeBytes, hasOwnPages });
    }
  }
  return ranges;
}

/** Those of a `maps` file that are private, not writable, and of a file. */
function fileMappings(maps: string): FileMapping[] {
  return maps.split("\n").flatMap((line) => fileMapping(line) ?? []);
}

/** @param header the line that a mapping begins with in `maps` and `smaps` */
function fileMapping(header: string): FileMapping | undefined {
  const match = /^([0-9a-f]+)-([0-9a-f]+) r-([x-])p \S+ \S+ \d+ +(\S.*)$/.exec(header);
  if (match === null) return undefined;
  const [, first = "", end = "", execute = "", path = ""] = match;
  // Memory of the kernel (/sys/kernel/btf) and of devices does not come back by itself.
  if (!path.startsWith("/") || /^\/(sys|proc|dev)\//.test(path)) return undefined;
  const start = BigInt(`0x${first}`);
  return { start, sizeBytes: Number(BigInt(`0x${end}`) - start), isCode: execute === "x" };
}

const PAGEMAP_ENTRY_BYTES = 8;
/** Bits 61 to 63 of an entry, of the second of its words: Documentation/admin-guide/mm/pagemap.rst. */
const PAGE_OF_FILE_OR_SHARED = 1 << 29;
const PAGE_SWAPPED = 1 << 30;
const PAGE_PRESENT = 1 << 31;

/** None where this may not be read. */
function readFileRuns(range: AddressRange, pageSizeBytes: number): AddressRange[] {
  const entries = new Uint32Array((range.sizeBytes / pageSizeBytes) * 2);
  try {
    const file = openSync("/proc/self/pagemap", "r");
    try {
      const position = Number(range.start / BigInt(pageSizeBytes)) * PAGEMAP_ENTRY_BYTES;
      if (readSync(file, entries, 0, entries.byteLength, position) < entries.byteLength) return [];
    } finally {
      closeSync(file);
    }
  } catch {
    return []; // then they stay
  }
  return fileRuns(range, entries, pageSizeBytes);
}

/**
 * What of a range is between its own pages.
 *
 * @param pagemap two words for each page, the lower one first
 */
export function fileRuns({ start }: AddressRange, pagemap: Uint32Array, pageSizeBytes: number): AddressRange[] {
  const runs: AddressRange[] = [];
  let first = 0;
  for (let page = 0; page <= pagemap.length / 2; page++) {
    const word = pagemap[2 * page + 1];
    if (word !== undefined && !isOwn(word)) continue;
    if (page > first) {
      runs.push({ start: start + BigInt(first * pageSizeBytes), sizeBytes: (page - first) * pageSizeBytes });
    }
    first = page + 1;
  }
  return runs;
}

function isOwn(word: number): boolean {
  return (word & PAGE_SWAPPED) !== 0 || ((word & PAGE_PRESENT) !== 0 && (word & PAGE_OF_FILE_OR_SHARED) === 0);
}
