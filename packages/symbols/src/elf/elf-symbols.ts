import { type ByteSource, type ElfFile, type ElfSegment, PF_X, PT_LOAD } from "@skep/ebpf/elf";
import { FunctionFinder } from "./function-finder.ts";
import { FunctionNames } from "./function-names.ts";
import { Plt } from "./plt.ts";

/** Mappings begin and end at pages, wherever the segment does. 64 KB is the largest page of arm64. */
const largestPageBytes = 1 << 16;

/** Everything that is kept of an ELF file in order to name its addresses. */
export class ElfSymbols {
  readonly buildId: string | undefined;
  readonly #segments: readonly ElfSegment[];
  readonly #functions: FunctionNames | undefined;
  readonly #plt: Plt | undefined;

  /**
   * @param finder of the table of the file itself or of its debug file: their virtual addresses are the same.
   * @throws {FormatError} when the file is not what it claims to be.
   */
  constructor(elf: ElfFile, source: ByteSource, finder: FunctionFinder | undefined) {
    this.buildId = elf.buildId();
    this.#segments = elf.segments.filter((segment) => segment.type === PT_LOAD && (segment.flags & PF_X) !== 0);
    const functions = finder ?? FunctionFinder.of(elf, source, "dynsym");
    this.#functions = functions && new FunctionNames(functions);
    this.#plt = Plt.of(elf, source);
  }

  get memoryBytes(): number {
    return (this.#functions?.memoryBytes ?? 0) + (this.#plt?.memoryBytes ?? 0);
  }

  /** Virtual address of a byte of the file, by the executable segment that loads it. */
  virtualAddress(fileOffset: number): number | undefined {
    const segment =
      this.#segments.find(({ offset, fileSizeBytes }) => fileOffset >= offset && fileOffset < offset + fileSizeBytes) ??
      this.#segments.find(
        ({ offset, fileSizeBytes }) =>
          fileOffset >= offset - (offset % largestPageBytes) && fileOffset < offset + fileSizeBytes + largestPageBytes,
      );
    return segment === undefined ? undefined : fileOffset - segment.offset + segment.virtualAddress;
  }

  /** Says that {@link name} will be asked for this address: it takes one look at the file for all that wait for one. */
  want(virtualAddress: number): void {
    this.#functions?.want(virtualAddress);
  }

  /**
   * Linkage name of the function at a virtual address, read from the file.
   *
   * @throws {FormatError} when the file changed under us.
   */
  name(virtualAddress: number): string | undefined {
    const name = this.#functions?.name(virtualAddress);
    if (name !== undefined) return name;
    const called = this.#plt?.name(virtualAddress);
    return called === undefined ? undefined : `${called}@plt`;
  }
}
