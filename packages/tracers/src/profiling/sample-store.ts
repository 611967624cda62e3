import type { ProcessImage, SymbolizedFrame } from "@skep/symbols";
import type { TracedProcess } from "../traced-process.ts";
import type { ProcessImages } from "./process-images.ts";
import type { ProfileSample } from "./profile.ts";
import { type SampleKey, sampleIdentity } from "./sample-table.ts";
import type { StackResolver } from "./stack-resolver.ts";

interface Entry {
  readonly stack: readonly SymbolizedFrame[];
  readonly process: TracedProcess;
  readonly threadId: number;
  readonly threadName: string;
  /** The process was gone before its memory map was read. */
  readonly exited: boolean;
  count: number;
  durationNs: number;
}

/** What one snapshot takes out of the store. */
export interface StoredSamples {
  readonly samples: readonly ProfileSample[];
  readonly sampleCount: number;
  /** Samples of processes that were gone before their map was read. */
  readonly exited: number;
  /** Samples whose stack id had no frames: lost. */
  readonly stackMissing: number;
}

/** Adds up rows from the kernel, by thread and stack, and gives the stacks their names while their processes live. */
export class SampleStore {
  readonly #images: ProcessImages;
  readonly #resolver: StackResolver;
  readonly #periodNs: number | undefined;
  readonly #entries = new Map<string, Entry>();
  /** Frames by stack id, from the time they were read until {@link forgetStacks}. */
  readonly #stacks = new Map<bigint, BigUint64Array>();
  /** Those that were there at the last {@link forgetStacks}. */
  #oldStacks = new Set<bigint>();
  /** Names by stack id; user stacks also by process image, since the same addresses mean other functions there. */
  readonly #kernelFrames = new Map<bigint, readonly SymbolizedFrame[]>();
  readonly #userFrames = new Map<string, readonly SymbolizedFrame[]>();
  #stackMissing = 0;

  /** @param periodNs what a sample stands for; undefined where each row carries its own duration */
  constructor(images: ProcessImages, resolver: StackResolver, periodNs: number | undefined) {
    this.#images = images;
    this.#resolver = resolver;
    this.#periodNs = periodNs;
  }

  addStack(id: bigint, frames: BigUint64Array): void {
    this.#stacks.set(id, frames);
    this.#oldStacks.delete(id);
  }

  /** Rows of one thread and stack add up; negative ones take back what was added too early. */
  add(key: SampleKey, count: number, durationNs: number): void {
    const identity = sampleIdentity(key);
    let entry = this.#entries.get(identity);
    if (entry === undefined) {
      entry = this.#resolve(key);
      if (entry === undefined) {
        this.#stackMissing += count;
        return;
      }
      this.#entries.set(identity, entry);
    }
    entry.count += count;
    entry.durationNs += durationNs;
  }

  /** Whether a row of this thread and stack was added since the last {@link take}. */
  has(key: SampleKey): boolean {
    return this.#entries.has(sampleIdentity(key));
  }

  /** All that was added since the last call. */
  take(): StoredSamples {
    const samples: ProfileSample[] = [];
    let sampleCount = 0;
    let exited = 0;
    for (const entry of this.#entries.values()) {
      const { stack, process, threadId, threadName, count } = entry;
      const nanoseconds = this.#periodNs === undefined ? entry.durationNs : Math.round(count * this.#periodNs);
      if (count === 0 && nanoseconds === 0) continue;
      sampleCount += count;
      if (entry.exited) exited += count;
      samples.push({ stack, process, threadId, threadName, values: [count, nanoseconds] });
    }
    const taken = { samples, sampleCount, exited, stackMissing: this.#stackMissing };
    this.#entries.clear();
    this.#stackMissing = 0;
    return taken;
  }

  /**
   * Lets go of the names, and of the frames of all stacks but these and those added since the last call: a row that
   * refers to one of the latter may be on its way.
   */
  forgetStacks(except: ReadonlySet<bigint>): void {
    for (const id of this.#oldStacks) if (!except.has(id)) this.#stacks.delete(id);
    this.#oldStacks = new Set(this.#stacks.keys());
    this.#kernelFrames.clear();
    this.#userFrames.clear();
  }

  /** Undefined when the frames of one of its stacks are not there. */
  #resolve(key: SampleKey): Entry | undefined {
    const kernelFrames = this.#resolveKernelStack(key.kernelStack);
    if (kernelFrames === undefined) return undefined;
    const { process, image } = this.#images.get(key.pid, key.imageNs, key.threadName);
    const userFrames = this.#resolveUserStack(key, image);
    if (userFrames === undefined) return undefined;
    return {
      stack: [...kernelFrames, ...userFrames],
      process,
      threadId: key.tid,
      threadName: key.threadName,
      exited: image === undefined && key.userStack !== 0n,
      count: 0,
      durationNs: 0,
    };
  }

  #resolveKernelStack(id: bigint): readonly SymbolizedFrame[] | undefined {
    if (id === 0n) return [];
    const known = this.#kernelFrames.get(id);
    if (known !== undefined) return known;
    const addresses = this.#stacks.get(id);
    if (addresses === undefined) return undefined;
    const frames = this.#resolver.kernel(addresses);
    this.#kernelFrames.set(id, frames);
    return frames;
  }

  #resolveUserStack(key: SampleKey, image: ProcessImage | undefined): readonly SymbolizedFrame[] | undefined {
    const id = key.userStack;
    if (id === 0n) return [];
    const identity = `${key.pid}/${key.imageNs}/${id}`;
    const known = this.#userFrames.get(identity);
    if (known !== undefined) return known;
    const addresses = this.#stacks.get(id);
    if (addresses === undefined) return undefined;
    const frames = this.#resolver.user(addresses, image);
    this.#userFrames.set(identity, frames);
    return frames;
  }
}
