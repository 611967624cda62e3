import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { NT_GNU_BUILD_ID, parseNotes } from "@skep/ebpf/elf";
import { type Kallsyms, parseKallsyms } from "./kallsyms.ts";

export interface KernelSymbol {
  readonly name: string;
  /** Bytes from the start of the symbol. */
  readonly offset: number;
  /** Empty for the kernel itself; `bpf` for BPF programs. */
  readonly module: string;
}

/** Addresses from the first function of a module, or of the kernel itself, to its last. */
export interface KernelRegion {
  /** As in {@link KernelSymbol}. */
  readonly module: string;
  readonly startAddress: bigint;
  /** First address after the region. */
  readonly limitAddress: bigint;
}

export interface KernelSymbolsOptions {
  /** Defaults to `/proc/kallsyms`. */
  readonly path?: string;
}

const low53Bits = (1n << 53n) - 1n;
const high11Bits = ((1n << 11n) - 1n) << 53n;
const decoder = new TextDecoder();

/** The kernel's functions, those of its modules and the BPF programs, as they were when this was loaded. */
export class KernelSymbols {
  readonly #kallsyms: Kallsyms;

  private constructor(kallsyms: Kallsyms) {
    this.#kallsyms = kallsyms;
  }

  /**
   * Reads `/proc/kallsyms`: 120,000 symbols take about 0.1 s, and leave 64,000 functions in 2.5 MB.
   *
   * @throws the error of `node:fs` when it can't be read.
   */
  static load(options: KernelSymbolsOptions = {}): KernelSymbols {
    const file = openSync(options.path ?? "/proc/kallsyms", "r");
    try {
      return new KernelSymbols(
        parseKallsyms((buffer, offset) => readSync(file, buffer, offset, buffer.length - offset, null)),
      );
    } finally {
      closeSync(file);
    }
  }

  /** Number of functions. */
  get count(): number {
    return this.#kallsyms.ranges.length;
  }

  /** The kernel hides its addresses from this process: root or CAP_SYSLOG is missing, or kernel.kptr_restrict is 2. */
  get hidden(): boolean {
    return this.#kallsyms.hidden;
  }

  get memoryBytes(): number {
    return this.#kallsyms.ranges.memoryBytes + this.#kallsyms.names.byteLength;
  }

  /** The function that holds the address; undefined outside of all functions, or when the kernel hides them. */
  resolve(address: bigint): KernelSymbol | undefined {
    const low = Number(address & low53Bits);
    const { ranges, names } = this.#kallsyms;
    const index = ranges.find(low);
    if (index < 0) return undefined;
    const start = ranges.values[index] ?? 0;
    const name = decoder.decode(names.subarray(start, names.indexOf(0, start)));
    if (name === "") return undefined;
    return { name, offset: low - (ranges.starts[index] ?? 0), module: this.region(address)?.module ?? "" };
  }

  /** The region that the address lies in. Not all of it is functions. */
  region(address: bigint): KernelRegion | undefined {
    const low = Number(address & low53Bits);
    const region = this.#kallsyms.regions.findLast(({ start }) => start <= low);
    if (region === undefined || low >= region.end) return undefined;
    return {
      module: region.module,
      startAddress: BigInt(region.start) | high11Bits,
      limitAddress: BigInt(region.end) | high11Bits,
    };
  }
}

/** Build id of the running kernel in hexadecimal, from `/sys/kernel/notes`; undefined where there is none. */
export function kernelBuildId(): string | undefined {
  return buildIdOfNotes("/sys/kernel/notes");
}

/** Build id of a loaded module. */
export function moduleBuildId(module: string): string | undefined {
  // The kernel writes module names; still, what becomes part of a path is checked.
  if (!/^[\w-]+$/.test(module)) return undefined;
  return buildIdOfNotes(`/sys/module/${module}/notes/.note.gnu.build-id`);
}

function buildIdOfNotes(path: string): string | undefined {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch {
    // No sysfs in this container, or a module (such as `bpf`) that is none: mappings without a build id are valid.
    return undefined;
  }
  const littleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
  for (const { name, type, descriptor } of parseNotes(bytes, littleEndian, 4)) {
    if (name === "GNU" && type === NT_GNU_BUILD_ID) return Buffer.from(descriptor).toString("hex");
  }
  return undefined;
}
