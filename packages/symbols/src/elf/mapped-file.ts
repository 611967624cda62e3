import { closeSync } from "node:fs";
import { type ByteSource, ElfFile, fileSource } from "@skep/ebpf/elf";
import { findDebugFile } from "./debug-file.ts";
import { ElfSymbols } from "./elf-symbols.ts";
import { FunctionFinder } from "./function-finder.ts";
import { identifyOpenFile, type OpenFile } from "./open-file.ts";

/**
 * A file that processes execute code from. It is open from the moment a process was seen with it, so that it can be
 * read after the process, its mount namespace and the file's name are gone; it is parsed when the first address in it
 * is asked for.
 */
export class MappedFile {
  readonly identity: string;
  /** Where it is, as `/proc/PID/maps` has it: no other file gets there while this one is open. */
  readonly place: string;
  readonly #descriptor: number;
  readonly #path: string;
  #debugDescriptor: number | undefined;
  #symbols: ElfSymbols | undefined;
  #state: "unread" | "read" | "unreadable" | "closed" = "unread";

  constructor(file: OpenFile, path: string) {
    this.identity = file.identity;
    this.place = file.place;
    this.#descriptor = file.descriptor;
    this.#path = path;
  }

  get isParsed(): boolean {
    return this.#state !== "unread";
  }

  /** Whether it still is what was opened, and not written to since. */
  get isUnchanged(): boolean {
    return this.#state !== "closed" && identifyOpenFile(this.#descriptor)?.identity === this.identity;
  }

  get memoryBytes(): number {
    return this.#symbols?.memoryBytes ?? 0;
  }

  /**
   * The file's symbols; undefined when it is not a 64-bit ELF file, or a broken one.
   *
   * @param pid a process that has the file mapped, in whose root debug files are looked for first.
   */
  symbols(pid: number): ElfSymbols | undefined {
    if (this.#state !== "unread") return this.#symbols;
    try {
      const source = fileSource(this.#descriptor);
      this.#symbols = this.#read(ElfFile.parse(source), source, pid);
      this.#state = "read";
    } catch {
      // Whatever a user's process maps is input: what can't be parsed has no names, and its addresses stay numbers.
      this.#state = "unreadable";
    }
    return this.#symbols;
  }

  /** As {@link ElfSymbols.want}. */
  want(virtualAddress: number): void {
    try {
      this.#symbols?.want(virtualAddress);
    } catch {
      // As below.
    }
  }

  /** Linkage name of the function at a virtual address of the file. */
  name(virtualAddress: number): string | undefined {
    try {
      return this.#symbols?.name(virtualAddress);
    } catch {
      // The file was overwritten in place while it was mapped.
      return undefined;
    }
  }

  /** Lets go of the parsed symbols; they are read again when they are asked for. */
  forget(): void {
    if (this.#state !== "read") return;
    this.#symbols = undefined;
    this.#closeDebugFile();
    this.#state = "unread";
  }

  close(): void {
    if (this.#state === "closed") return;
    this.forget();
    this.#state = "closed";
    closeSync(this.#descriptor);
  }

  #read(elf: ElfFile, source: ByteSource, pid: number): ElfSymbols {
    const own = FunctionFinder.of(elf, source, "symtab");
    if (own !== undefined) return new ElfSymbols(elf, source, own);
    const debugFile = findDebugFile(elf, this.#path, [`/proc/${pid}/root`, ""]);
    if (debugFile === undefined) return new ElfSymbols(elf, source, undefined);
    this.#debugDescriptor = debugFile.descriptor;
    try {
      return new ElfSymbols(elf, source, FunctionFinder.of(debugFile.elf, debugFile.source, "symtab"));
    } catch (error) {
      this.#closeDebugFile();
      throw error;
    }
  }

  #closeDebugFile(): void {
    if (this.#debugDescriptor !== undefined) closeSync(this.#debugDescriptor);
    this.#debugDescriptor = undefined;
  }
}
