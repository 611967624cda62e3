import { type ByteSource, type ElfFile, type ElfSegment, PF_X, PT_LOAD } from "@skep/ebpf/elf";
import { type FunctionTable, readFunctionTable } from "./function-table.ts";
import { readPlt } from "./plt.ts";

/** Mappings begin and end at pages, wherever the segment does. 64 KB is the largest page of arm64. */
const largestPageBytes = 1 << 16;

/** Everything that is kept of an ELF file in order to name its addresses. */
export class ElfSymbols {
  readonly buildId: string | undefined;
  readonly #segments: readonly ElfSegment[];
  readonly #functions: FunctionTable | undefined;
  readonly #plt: FunctionTable | undefined;

  /**
   * @param functions the table of the file itself or of its debug file: their virtual addresses are the same.
   * @throws {FormatError} when the file is not what it claims to be.
   */
  constructor(elf: ElfFile, source: ByteSource, functions: FunctionTable | undefined) {
    this.buildId = elf.buildId();
    this.#segments = elf.segments.filter((segment) => segment.type === PT_LOAD && (segment.flags & PF_X) !== 0);
    this.#functions = functions ?? readFunctionTable(elf, source, "dynsym");
    this.#plt = readPlt(elf, source);
  }

  get memoryBytes(): number {
    return (this.#functions?.ranges.memoryBytes ?? 0) + (this.#plt?.ranges.memoryBytes ?? 0);
  }

  /** Number of address ranges that have a name. */
  get count(): number {
    return (this.#functions?.ranges.length ?? 0) + (this.#plt?.ranges.length ?? 0);
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
