import type { ProcessImage, Symbolizer } from "@skep/symbols";
import type { TracedProcess } from "../traced-process.ts";

type ProcessSymbolizer = Pick<Symbolizer, "captureProcess" | "refreshJitNames" | "releaseProcess">;

/** One program that ran in one process, from exec to exec: its memory map, as long as it could be read in time. */
export interface SampledImage {
  readonly process: TracedProcess;
  /** Undefined when the process had ended, or had become another program, before its map was read. */
  readonly image: ProcessImage | undefined;
}

interface KnownImage extends SampledImage {
  readonly pid: number;
  readonly imageNs: bigint;
  lastUsed: number;
}

/**
 * Memory maps of the sampled processes, each read once, as soon as the kernel half tells of the process.
 *
 * A map only counts if the process is still the image that was sampled after it was read: the kernel half drops its
 * entry at exec and exit, so an entry that is still there says that neither happened meanwhile.
 */
export class ProcessImages {
  readonly #symbolizer: ProcessSymbolizer;
  readonly #isCurrent: (pid: number, imageNs: bigint) => boolean;
  /** By identity, in the order of use. */
  readonly #images = new Map<string, KnownImage>();
  /** Counts the calls of {@link forgetEnded}. */
  #turn = 0;
  readonly #limit: number;

  /** @param limit how many images are kept; the ones looked up longest ago go first */
  constructor(symbolizer: ProcessSymbolizer, isCurrent: (pid: number, imageNs: bigint) => boolean, limit: number) {
    this.#symbolizer = symbolizer;
    this.#isCurrent = isCurrent;
    this.#limit = limit;
  }

  /** To be called before each batch of look-ups: code that is generated at run time gets new names as it goes. */
  refreshJitNames(): void {
    for (const { image } of this.#images.values()) if (image !== undefined) this.#symbolizer.refreshJitNames(image);
  }

  /** Reads the map of a process that was just seen, while it still runs. */
  capture(pid: number, imageNs: bigint): void {
    const captured = this.#capture(pid, imageNs);
    if (captured !== undefined) this.#add(pid, imageNs, captured);
  }

  /**
   * Lets go of the maps of processes that have ended, or run another program by now, and were not looked up since the
   * last call: the rows of their last moments may come after their end.
   */
  forgetEnded(): void {
    for (const [identity, known] of this.#images) {
      if (known.lastUsed === this.#turn || this.#isCurrent(known.pid, known.imageNs)) continue;
      this.#forget(identity, known);
    }
    this.#turn++;
  }

  /** @param threadName names the process where it is too late to ask */
  get(pid: number, imageNs: bigint, threadName: string): SampledImage {
    const identity = identityOf(pid, imageNs);
    const known = this.#images.get(identity);
    if (known !== undefined) {
      known.lastUsed = this.#turn;
      // Insertion order is order of use.
      this.#images.delete(identity);
      this.#images.set(identity, known);
      return known;
    }
    const found = this.#capture(pid, imageNs) ?? { process: { pid, name: threadName }, image: undefined };
    this.#add(pid, imageNs, found);
    return found;
  }

  #add(pid: number, imageNs: bigint, { process, image }: SampledImage): void {
    this.#images.set(identityOf(pid, imageNs), { pid, imageNs, process, image, lastUsed: this.#turn });
    const [oldest] = this.#images;
    if (this.#images.size > this.#limit && oldest !== undefined) this.#forget(...oldest);
  }

  #forget(identity: string, { image }: KnownImage): void {
    this.#images.delete(identity);
    // Where the kernel half had no room for a process, it gave it a new time as it came back.
    const isShared = [...this.#images.values()].some((other) => other.image === image);
    if (image !== undefined && !isShared) this.#symbolizer.releaseProcess(image);
  }

  #capture(pid: number, imageNs: bigint): SampledImage | undefined {
    if (!this.#isCurrent(pid, imageNs)) return undefined;
    const image = this.#symbolizer.captureProcess(pid);
    if (image === undefined || !this.#isCurrent(pid, imageNs)) return undefined;
    return {
      image,
      process: {
        pid,
        name: image.name,
        ...(image.executablePath !== undefined && { executablePath: image.executablePath }),
        ...(image.containerId !== undefined && { containerId: image.containerId }),
      },
    };
  }
}

function identityOf(pid: number, imageNs: bigint): string {
  return `${pid}/${imageNs}`;
}
