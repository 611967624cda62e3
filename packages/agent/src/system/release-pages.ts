import { readFileSync } from "node:fs";
import { defaultSys, type Sys } from "@skep/ebpf/sys";

/** `MADV_DONTNEED` of madvise(2). */
const MADV_DONTNEED = 4;

/** By then the first samples have their names: the symbol tables are read, and the code that read them has run. */
const FIRST_NAMES_MS = 3000;
/** Pages come back as they are used, by the round mostly. To give them back costs some 6 ms. */
const INTERVAL_MS = 10_000;

export interface AddressRange {
  readonly start: bigint;
  readonly sizeBytes: number;
}

/**
 * Gives the pages of the executable and its libraries back to the page cache, from where they return as they are used.
 * Two thirds of a Node.js process are pages of its executable, and what started it up is not needed again.
 *
 * @returns how many bytes of address space were given back
 */
export function releaseFilePages(sys: Sys = defaultSys()): number {
  let releasedBytes = 0;
  for (const { start, sizeBytes } of releasableRanges(readFileSync("/proc/self/smaps", "latin1"))) {
    // What the kernel refuses stays where it is, and that does no harm.
    if (sys.madvise(start, sizeBytes, MADV_DONTNEED) === 0) releasedBytes += sizeBytes;
  }
  return releasedBytes;
}

/**
 * {@link releaseFilePages}, and what malloc keeps of memory that was freed, at each time when much has run that will not run
 * again soon, until it is disposed of. Of a heap that is full of holes malloc gives nothing back by itself: 12 MB after the start.
 */
export class PageRelease implements Disposable {
  #timer: NodeJS.Timeout;

  /** Begins at once: what started this process is behind it. */
  constructor() {
    release();
    this.#timer = this.#schedule(FIRST_NAMES_MS);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }

  #schedule(delayMs: number): NodeJS.Timeout {
    return setTimeout(() => {
      release();
      this.#timer = this.#schedule(INTERVAL_MS);
    }, delayMs).unref();
  }
}

function release(): void {
  releaseFilePages();
  defaultSys().trimMalloc();
}

/**
 * The mappings of an `smaps` file that can be read again from their file: private, not writable, and without a page of
 * their own, in memory or swapped out (what the dynamic linker has relocated is such a page).
 */
export function releasableRanges(smaps: string): AddressRange[] {
  const ranges: AddressRange[] = [];
  let candidate: AddressRange | undefined;
  for (const line of smaps.split("\n")) {
    const header = /^([0-9a-f]+)-([0-9a-f]+) r-[x-]p \S+ \S+ \d+ +(\S.*)$/.exec(line);
    if (header !== null) {
      const [, first = "", end = "", path = ""] = header;
      const start = BigInt(`0x${first}`);
      // Memory of the kernel (/sys/kernel/btf) and of devices does not come back by itself.
      const isOfFile = path.startsWith("/") && !/^\/(sys|proc|dev)\//.test(path);
      candidate = isOfFile ? { start, sizeBytes: Number(BigInt(`0x${end}`) - start) } : undefined;
    } else if (/^([0-9a-f]+-[0-9a-f]+ |(Anonymous|Swap): +[1-9])/.test(line)) {
      candidate = undefined;
    } else if (candidate !== undefined && line.startsWith("VmFlags:")) {
      ranges.push(candidate);
      candidate = undefined;
    }
  }
  return ranges;
}
