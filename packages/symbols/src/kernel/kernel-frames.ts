import { type Mapping, placeName, type SymbolizedFrame } from "../frame.ts";
import { printable } from "../printable.ts";
import {
  type KernelRegion,
  KernelSymbols,
  type KernelSymbolsOptions,
  kernelBuildId,
  moduleBuildId,
} from "./kernel-symbols.ts";

/** Modules and BPF programs come and go: an address that is not found makes the symbols be read again, this seldom. */
const reloadIntervalMs = 60_000;
const maxFrames = 1 << 13;
const kernelHalf = 1n << 63n;
const addressSpaceEnd = 1n << 64n;

/** Frames of kernel code. The symbols are read when the first address is looked up. */
export class KernelFrames {
  readonly #warn: (message: string) => void;
  readonly #options: KernelSymbolsOptions;
  readonly #frames: Map<bigint, SymbolizedFrame> = new Map();
  readonly #mappings: Map<string, Mapping> = new Map();
  #symbols: KernelSymbols | undefined;
  #loadedAtMs = Number.NEGATIVE_INFINITY;
  #hasWarned = false;

  constructor(warn: (message: string) => void, options: KernelSymbolsOptions = {}) {
    this.#warn = warn;
    this.#options = options;
  }

  get frameCount(): number {
    return this.#frames.size;
  }

  get memoryBytes(): number {
    return this.#symbols?.memoryBytes ?? 0;
  }

  frame(address: bigint): SymbolizedFrame {
    const known = this.#frames.get(address);
    if (known !== undefined) return known;
    const frame = this.#makeFrame(address);
    if (this.#frames.size >= maxFrames) this.#frames.clear();
    this.#frames.set(address, frame);
    return frame;
  }

  #makeFrame(address: bigint): SymbolizedFrame {
    let symbol = this.#symbols?.resolve(address);
    if (symbol === undefined && performance.now() - this.#loadedAtMs >= reloadIntervalMs) {
      this.#load();
      symbol = this.#symbols?.resolve(address);
    }
    const region = this.#symbols?.region(address);
    const mapping = this.#mapping(region);
    if (symbol !== undefined) {
      return { name: printable(symbol.name), address, mapping, kind: "kernel", symbolized: true };
    }
    const offset = region === undefined ? address : address - mapping.startAddress;
    return { name: placeName(mapping, offset), address, mapping, kind: "kernel", symbolized: false };
  }

  #mapping(region: KernelRegion | undefined): Mapping {
    const module = region?.module ?? "";
    const key = `${module} ${region?.startAddress}`;
    let mapping = this.#mappings.get(key);
    if (mapping === undefined) {
      mapping = makeMapping(module, region);
      this.#mappings.set(key, mapping);
    }
    return mapping;
  }

  #load(): void {
    this.#loadedAtMs = performance.now();
    try {
      this.#symbols = KernelSymbols.load(this.#options);
    } catch (error) {
      // A kernel without CONFIG_KALLSYMS, or a container without it: frames show addresses.
      this.#warnOnce(`kernel functions have no names: ${error instanceof Error ? error.message : String(error)}`);
      return;
    }
    if (this.#symbols.hidden) {
      this.#warnOnce(
        "kernel functions have no names: the kernel hides its addresses from this process " +
          "(run it as root or with CAP_SYSLOG, and with kernel.kptr_restrict below 2)",
      );
    }
  }

  #warnOnce(message: string): void {
    if (!this.#hasWarned) this.#warn(message);
    this.#hasWarned = true;
  }
}

function makeMapping(module: string, region: KernelRegion | undefined): Mapping {
  const buildId = module === "" ? kernelBuildId() : moduleBuildId(module);
  return {
    name: module === "" ? "[kernel]" : `[${module}]`,
    // What perf and pprof call it.
    path: module === "" ? "[kernel.kallsyms]" : `[${module}]`,
    ...(buildId === undefined ? {} : { buildId }),
    startAddress: region?.startAddress ?? kernelHalf,
    limitAddress: region?.limitAddress ?? addressSpaceEnd - 1n,
    fileOffset: 0n,
  };
}
