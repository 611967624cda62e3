import { posix } from "node:path";
import type { MappedFiles } from "./elf/mapped-files.ts";
import type { Mapping, SymbolizedFrame } from "./frame.ts";
import { PerfMap } from "./jit/perf-map.ts";
import { printable } from "./printable.ts";
import type { MemoryRange } from "./process/maps.ts";
import { findRange, type ProcessDescription, readProcess, readStartTime } from "./process/read-process.ts";

/** A process as it was from one `exec` to the next: what a sample belongs to. */
export interface ProcessImage {
  readonly pid: number;
  /** The kernel's name of its main thread, at most 15 bytes. */
  readonly name: string;
  readonly containerId?: string;
  /** As the process sees it; ends in ` (deleted)` where the file was. */
  readonly executablePath?: string;
  /** Clock ticks from boot to its start. */
  readonly startTimeTicks: number;
}

/** Executable memory, and once an address in it was looked up, how it is shown. */
export interface CodeRegion extends MemoryRange {
  /** By which {@link MappedFiles} knows the file; undefined where there is none that can be read. */
  readonly fileIdentity: string | undefined;
  mapping: Mapping | undefined;
}

/**
 * How long a miss is believed before the process's maps are read again, which takes a millisecond. Twice as long each time
 * that it stayed a miss, up to the maximum: generated code without a perf map is one for ever, and so is what a walk along
 * broken frame pointers meets.
 */
const minRefreshIntervalMs = 1000;
const maxRefreshIntervalMs = 16_000;

/** All that is known of one process's code: regions, the files behind them, the names of its JIT compiler. */
export class AddressSpace {
  readonly frames: Map<number, SymbolizedFrame> = new Map();
  /** Addresses in files whose names were asked for already, or are there: one look where it would take five. */
  readonly prepared: Set<number> = new Set();
  readonly #files: MappedFiles;
  readonly #nowMs: () => number;
  #image: ProcessImage;
  #description: ProcessDescription;
  #regions: readonly CodeRegion[] = [];
  #perfMap: PerfMap | undefined;
  #perfMapIsStale = true;
  #readAtMs = 0;
  #refreshIntervalMs = minRefreshIntervalMs;
  #closed = false;

  constructor(description: ProcessDescription, files: MappedFiles, nowMs: () => number = () => performance.now()) {
    this.#files = files;
    this.#nowMs = nowMs;
    this.#description = description;
    this.#image = imageOf(description);
    this.#takeIn(description);
  }

  get image(): ProcessImage {
    return this.#image;
  }

  get memoryBytes(): number {
    return this.#perfMap?.memoryBytes ?? 0;
  }

  get hasPerfMap(): boolean {
    return this.#perfMap !== undefined;
  }

  /** Takes in what the process looks like now. False when it runs another program than before. */
  update(description: ProcessDescription): boolean {
    const before = this.#description;
    // The kernel puts the vdso at a random place with each exec.
    const isSame =
      before.startTimeTicks === description.startTimeTicks &&
      before.executablePath === description.executablePath &&
      startOfVdso(before) === startOfVdso(description);
    if (!isSame || this.#closed) return false;
    if (before.name !== description.name || before.containerId !== description.containerId) {
      this.#image = imageOf(description);
    }
    this.#takeIn(description);
    return true;
  }

  /**
   * Reads the maps again after an address was not found in them: a library may have been loaded, or code generated.
   * False when that was done just now, or the process is not the same any more.
   */
  refreshAfterMiss(address: number): boolean {
    if (this.#closed || this.#nowMs() - this.#readAtMs < this.#refreshIntervalMs) return false;
    this.#readAtMs = this.#nowMs();
    if (readStartTime(this.#description.pid) !== this.#description.startTimeTicks) return false;
    const wasInside = this.region(address) !== undefined;
    const description = readProcess(this.#description.pid);
    if (description === undefined || !this.update(description)) return false;
    const isFound = (!wasInside && this.region(address) !== undefined) || this.jitName(address) !== undefined;
    this.#refreshIntervalMs = isFound
      ? minRefreshIntervalMs
      : Math.min(this.#refreshIntervalMs * 2, maxRefreshIntervalMs);
    return true;
  }

  region(address: number): CodeRegion | undefined {
    return findRange(this.#regions, address);
  }

  /** The JIT compiler's name for the code at an address. */
  jitName(address: number): string | undefined {
    if (this.#perfMap === undefined) return undefined;
    if (this.#perfMapIsStale) {
      this.#perfMapIsStale = false;
      if (this.#perfMap.refresh()) this.#forgetJitFrames();
    }
    return this.#perfMap.name(address);
  }

  /** Reads on in the perf map, if it has grown: generated code moves, and an address may have another name by now. */
  refreshJitNames(): void {
    if (this.#perfMap?.refresh() === true) this.#forgetJitFrames();
    this.#perfMapIsStale = false;
  }

  /** Lets go of descriptors and frames; regions can still be looked up. */
  close(): void {
    this.#closed = true;
    this.#perfMap?.close();
    this.#perfMap = undefined;
    this.forgetFrames();
  }

  forgetFrames(): void {
    this.frames.clear();
    this.prepared.clear();
  }

  #takeIn(description: ProcessDescription): void {
    this.#readAtMs = this.#nowMs();
    this.#description = description;
    this.#perfMapIsStale = true;
    const before = new Map(this.#regions.map((region) => [keyOf(region), region]));
    const kept: CodeRegion[] = [];
    const regions = description.ranges.map((range) => {
      const known = before.get(keyOf(range));
      if (known !== undefined) kept.push(known);
      return known ?? this.#open(range);
    });
    this.#regions = regions;
    if (kept.length !== before.size || kept.length !== regions.length) this.#forgetFramesOutside(kept);
    if (this.#perfMap === undefined && regions.some(isGeneratedCode)) this.#openPerfMap();
  }

  /** What lay elsewhere lies there no more; and frames that had no place may have one now. */
  #forgetFramesOutside(regions: readonly CodeRegion[]): void {
    this.prepared.clear();
    const mappings = new Set(regions.map(({ mapping }) => mapping));
    for (const [address, frame] of this.frames) if (!mappings.has(frame.mapping)) this.frames.delete(address);
  }

  #open(range: MemoryRange): CodeRegion {
    const fileIdentity = range.kind === "file" ? this.#files.open(this.#description.pid, range) : undefined;
    return { ...range, fileIdentity, mapping: undefined };
  }

  #openPerfMap(): void {
    const { pid, namespaceIdentity } = this.#description;
    this.#perfMap = PerfMap.open(pid, namespaceIdentity);
    if (this.#perfMap === undefined) return;
    this.#refreshIntervalMs = minRefreshIntervalMs;
    // They were shown as memory without a name.
    for (const region of this.#regions) if (isGeneratedCode(region)) region.mapping = undefined;
    this.frames.clear();
  }

  #forgetJitFrames(): void {
    for (const [address, frame] of this.frames) if (frame.kind === "jit") this.frames.delete(address);
  }
}

/** Executable memory that is no file of code: JIT compilers write into it. */
export function isGeneratedCode(range: MemoryRange): boolean {
  return range.kind === "anonymous" || (range.kind === "file" && range.path.startsWith("/memfd:"));
}

/** How a region is shown. */
export function mappingOf(region: CodeRegion, hasPerfMap: boolean, buildId: string | undefined): Mapping {
  return {
    ...nameAndPath(region, hasPerfMap),
    ...(buildId === undefined ? {} : { buildId }),
    startAddress: BigInt(region.start),
    limitAddress: BigInt(region.end),
    fileOffset: BigInt(region.fileOffset),
  };
}

function nameAndPath(region: CodeRegion, hasPerfMap: boolean): { readonly name: string; readonly path: string } {
  if (region.kind === "file") {
    const path = printable(region.path);
    return { name: posix.basename(path) || path, path };
  }
  if (region.kind !== "anonymous") return { name: region.path, path: region.path };
  const name = hasPerfMap ? "[jit]" : region.path.startsWith("[") ? printable(region.path) : "[anon]";
  return { name, path: name };
}

function imageOf(description: ProcessDescription): ProcessImage {
  const { pid, name, containerId, executablePath, startTimeTicks } = description;
  return {
    pid,
    name,
    ...(containerId === undefined ? {} : { containerId }),
    ...(executablePath === undefined ? {} : { executablePath }),
    startTimeTicks,
  };
}

function startOfVdso(description: ProcessDescription): number | undefined {
  return description.ranges.find(({ kind }) => kind === "vdso")?.start;
}

function keyOf(range: MemoryRange): string {
  return `${range.start} ${range.end} ${range.fileOffset} ${range.device} ${range.inode} ${range.deleted} ${range.path}`;
}
