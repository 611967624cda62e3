import { AddressSpace, type CodeRegion, isGeneratedCode, mappingOf, type ProcessImage } from "./address-space.ts";
import { Demangler } from "./demangle/demangler.ts";
import type { ElfSymbols } from "./elf/elf-symbols.ts";
import type { MappedFile } from "./elf/mapped-file.ts";
import { MappedFiles } from "./elf/mapped-files.ts";
import { readVdso } from "./elf/vdso.ts";
import { type LookupOptions, type Mapping, placeName, type SymbolizedFrame } from "./frame.ts";
import { parseJitName } from "./jit/jit-name.ts";
import { KernelFrames } from "./kernel/kernel-frames.ts";
import { LruCache } from "./lru-cache.ts";
import { printable } from "./printable.ts";
import { readProcess } from "./process/read-process.ts";

export interface SymbolizerOptions {
  /** Processes that are remembered; default 1024. Each may hold one descriptor. */
  readonly maxProcesses?: number;
  /** Executable files that are kept open; default 256. Each holds one descriptor, or two with a debug file. */
  readonly maxFiles?: number;
  /** Memory for names of functions in these files; default 4 MB. */
  readonly maxSymbolBytes?: number;
  /** User frames that are remembered, about 200 bytes each; default 8192. */
  readonly maxFrames?: number;
  /** Told once of what makes all look-ups poorer, such as a kernel that hides its symbols. Default: a process warning. */
  readonly onWarning?: (message: string) => void;
}

/** A frame and what it holds, on average; for {@link Symbolizer.memoryBytes}. */
const frameBytes = 200;

const unknownMapping: Mapping = {
  name: "[unknown]",
  path: "[unknown]",
  startAddress: 0n,
  limitAddress: 0n,
  fileOffset: 0n,
};

/**
 * From addresses to function names, for the kernel and for all processes of the machine.
 *
 * Needs root, or CAP_SYS_PTRACE and CAP_SYSLOG. Files of processes in containers are seen as the processes see them.
 * All caches are bounded; what falls out is read again when it is needed.
 */
export class Symbolizer implements Disposable {
  readonly #files: MappedFiles;
  readonly #spaces: LruCache<number, AddressSpace>;
  /** Also for images that are out of the cache, but still in the caller's hands. */
  readonly #spaceOfImage: WeakMap<ProcessImage, AddressSpace> = new WeakMap();
  readonly #kernel: KernelFrames;
  readonly #demangler = new Demangler();
  readonly #maxFrames: number;
  #frameCount = 0;
  #vdso: ElfSymbols | undefined;
  #vdsoIsRead = false;

  constructor(options: SymbolizerOptions = {}) {
    this.#files = new MappedFiles(options.maxFiles ?? 256, options.maxSymbolBytes ?? 4 * 2 ** 20);
    this.#spaces = new LruCache(options.maxProcesses ?? 1024, (space) => space.close());
    this.#maxFrames = options.maxFrames ?? 8192;
    this.#kernel = new KernelFrames(options.onWarning ?? ((message) => process.emitWarning(message)));
  }

  /**
   * Reads a process's maps and opens its files now, so that its addresses can be looked up after it is gone. The same
   * object is returned for as long as it runs the same program. Undefined when it has exited, or may not be looked at.
   */
  captureProcess(pid: number): ProcessImage | undefined {
    const description = readProcess(pid);
    const known = this.#spaces.get(pid);
    this.#files.trim();
    if (description === undefined) return undefined;
    if (known?.update(description) === true) return this.#register(known);
    const space = new AddressSpace(description, this.#files);
    this.#spaces.set(pid, space);
    return this.#register(space);
  }

  /**
   * Takes in what JIT compilers have written to the process's perf map since the last time. To be called before each
   * batch of look-ups; costs one fstat(2) where there is such a map, and nothing where there is none.
   */
  refreshJitNames(image: ProcessImage): void {
    this.#spaceOfImage.get(image)?.refreshJitNames();
  }

  /**
   * Says that {@link resolveUser} will be asked for this address, of a process that may be gone by then: where it is not
   * known what lies there, the maps are read again now. Names are found by one pass over a file's symbols for all
   * addresses that wait for one, where a look-up on its own takes the same 5 ms of a large program.
   *
   * @returns whether it is code of a JIT compiler: that moves, and has to be looked up soon
   */
  prepareUser(image: ProcessImage, address: number | bigint, options: LookupOptions = {}): boolean {
    const lookedUp = Number(address) - (options.isReturnAddress === true ? 1 : 0);
    const space = this.#spaceOfImage.get(image);
    if (space === undefined || space.prepared.has(lookedUp)) return false;
    let region = space.region(lookedUp);
    const isMiss = region === undefined || (isGeneratedCode(region) && space.jitName(lookedUp) === undefined);
    if (isMiss && space.refreshAfterMiss(lookedUp)) region = space.region(lookedUp);
    if (region === undefined || isGeneratedCode(region)) return space.hasPerfMap;
    space.prepared.add(lookedUp);
    if (region.kind !== "file" || space.frames.has(lookedUp)) return false;
    const file = this.#fileOf(space, region);
    const fileOffset = lookedUp - region.start + region.fileOffset;
    const virtualAddress = file?.symbols(image.pid)?.virtualAddress(fileOffset);
    if (virtualAddress !== undefined) file?.want(virtualAddress);
    return false;
  }

  /** Lets go of what was read of a process. To be called when none of its addresses will be looked up any more. */
  releaseProcess(image: ProcessImage): void {
    const space = this.#spaceOfImage.get(image);
    if (space === undefined) return;
    this.#spaceOfImage.delete(image);
    if (this.#spaces.get(image.pid) === space) this.#spaces.delete(image.pid);
    space.close();
  }

  /** The function at an address of a process. Always a frame: without a symbol it is named `module+0x123`. */
  resolveUser(image: ProcessImage, address: number | bigint, options: LookupOptions = {}): SymbolizedFrame {
    const lookedUp = Number(address) - (options.isReturnAddress === true ? 1 : 0);
    const space = this.#spaceOfImage.get(image);
    if (space === undefined) return namelessFrame(unknownMapping, lookedUp, lookedUp, "native");
    const known = space.frames.get(lookedUp);
    if (known !== undefined) return known;
    let frame = this.#makeFrame(space, lookedUp);
    const isMiss = !frame.symbolized && (frame.mapping === unknownMapping || frame.kind === "jit");
    if (isMiss && space.refreshAfterMiss(lookedUp)) frame = this.#makeFrame(space, lookedUp);
    this.#remember(space, lookedUp, frame);
    return frame;
  }

  /** The kernel function at an address. Always a frame, as in {@link resolveUser}. */
  resolveKernel(address: bigint, options: LookupOptions = {}): SymbolizedFrame {
    return this.#kernel.frame(options.isReturnAddress === true ? address - 1n : address);
  }

  /** Estimate of the memory that all caches take. */
  memoryBytes(): number {
    let bytes = this.#files.memoryBytes + this.#kernel.memoryBytes + this.#demangler.memoryBytes;
    for (const space of this.#spaces.values()) bytes += space.memoryBytes + space.frames.size * frameBytes;
    return bytes + this.#kernel.frameCount * frameBytes;
  }

  /** Closes all files. Frames that were given out stay valid. */
  [Symbol.dispose](): void {
    this.#spaces.clear();
    this.#files.close();
  }

  #register(space: AddressSpace): ProcessImage {
    this.#spaceOfImage.set(space.image, space);
    return space.image;
  }

  #makeFrame(space: AddressSpace, address: number): SymbolizedFrame {
    const region = space.region(address);
    if (region === undefined) {
      // Code that was thrown away may still have its line in the perf map.
      return (
        this.#jitFrame(space, unknownMapping, address) ?? namelessFrame(unknownMapping, address, address, "native")
      );
    }
    if (region.kind === "vdso") return this.#vdsoFrame(region, address);
    if (region.kind === "file") return this.#fileFrame(space, region, address);
    region.mapping ??= mappingOf(region, space.hasPerfMap, undefined);
    const kind = region.kind === "anonymous" ? "jit" : "native";
    return (
      this.#jitFrame(space, region.mapping, address) ??
      namelessFrame(region.mapping, address, address - region.start, kind)
    );
  }

  #fileFrame(space: AddressSpace, region: CodeRegion, address: number): SymbolizedFrame {
    const file = this.#fileOf(space, region);
    const symbols = file === undefined ? undefined : file.symbols(space.image.pid);
    region.mapping ??= mappingOf(region, space.hasPerfMap, symbols?.buildId);
    const fileOffset = address - region.start + region.fileOffset;
    const virtualAddress = symbols?.virtualAddress(fileOffset) ?? fileOffset;
    const systemName = file?.name(virtualAddress);
    if (systemName !== undefined) return this.#namedFrame(systemName, address, region.mapping, "native");
    return (
      this.#jitFrame(space, region.mapping, address) ??
      namelessFrame(region.mapping, address, virtualAddress, isGeneratedCode(region) ? "jit" : "native")
    );
  }

  #fileOf(space: AddressSpace, region: CodeRegion): MappedFile | undefined {
    if (region.fileIdentity === undefined) return undefined;
    const open = this.#files.get(region.fileIdentity);
    if (open !== undefined) return open;
    // It fell out of the cache; the process may still have it, if it is still there.
    return this.#files.open(space.image.pid, region) === region.fileIdentity
      ? this.#files.get(region.fileIdentity)
      : undefined;
  }

  #vdsoFrame(region: CodeRegion, address: number): SymbolizedFrame {
    if (!this.#vdsoIsRead) {
      this.#vdsoIsRead = true;
      this.#vdso = readVdso();
    }
    region.mapping ??= mappingOf(region, false, this.#vdso?.buildId);
    const virtualAddress = address - region.start;
    const systemName = this.#vdso?.name(virtualAddress);
    return systemName === undefined
      ? namelessFrame(region.mapping, address, virtualAddress, "vdso")
      : this.#namedFrame(systemName, address, region.mapping, "vdso");
  }

  #jitFrame(space: AddressSpace, mapping: Mapping, address: number): SymbolizedFrame | undefined {
    const text = space.jitName(address);
    if (text === undefined) return undefined;
    const { name, file, line, tier } = parseJitName(printable(text));
    return {
      name,
      address: BigInt(address),
      mapping,
      kind: "jit",
      symbolized: true,
      ...(file === undefined ? {} : { file }),
      ...(line === undefined ? {} : { line }),
      ...(tier === undefined ? {} : { jitTier: tier }),
    };
  }

  #namedFrame(systemName: string, address: number, mapping: Mapping, kind: "native" | "vdso"): SymbolizedFrame {
    const linkageName = printable(systemName);
    const name = printable(this.#demangler.demangle(linkageName));
    return {
      name,
      ...(name === linkageName ? {} : { systemName: linkageName }),
      address: BigInt(address),
      mapping,
      kind,
      symbolized: true,
    };
  }

  #remember(space: AddressSpace, address: number, frame: SymbolizedFrame): void {
    space.frames.set(address, frame);
    if (++this.#frameCount <= this.#maxFrames) return;
    // Some were forgotten already by the spaces themselves: count again before letting any go.
    let count = 0;
    for (const { frames } of this.#spaces.values()) count += frames.size;
    for (const space of this.#spaces.values()) {
      if (count <= this.#maxFrames / 2) break;
      count -= space.frames.size;
      space.forgetFrames();
    }
    this.#frameCount = count;
  }
}

function namelessFrame(
  mapping: Mapping,
  address: number,
  offset: number,
  kind: "native" | "jit" | "vdso",
): SymbolizedFrame {
  return { name: placeName(mapping, offset), address: BigInt(address), mapping, kind, symbolized: false };
}
