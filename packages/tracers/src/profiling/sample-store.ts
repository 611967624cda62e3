import type { ProcessImage, SymbolizedFrame } from "@skep/symbols";
import type { TracedProcess } from "../traced-process.ts";
import type { ProcessImages } from "./process-images.ts";
import type { ProfileSample } from "./profile.ts";
import { type SampleKey, sampleIdentity } from "./sample-table.ts";
import type { MovingFrames, StackResolver } from "./stack-resolver.ts";

interface Entry {
  readonly process: TracedProcess;
  /** Undefined where the process was gone before its memory map was read. */
  readonly image: ProcessImage | undefined;
  readonly threadId: number;
  readonly threadName: string;
  /** Addresses, and as soon as they were looked up, the frames that they stand for. */
  readonly kernelStack: Stack;
  readonly userStack: Stack;
  count: number;
  durationNs: number;
}

/** Of one image, shared by all threads that were seen on it. */
interface Stack {
  readonly addresses: BigUint64Array;
  readonly moving: MovingFrames | undefined;
  frames: readonly SymbolizedFrame[] | undefined;
}

const EMPTY: Stack = { addresses: new BigUint64Array(), moving: undefined, frames: [] };

/** What one snapshot takes out of the store. */
export interface StoredSamples {
  readonly samples: readonly ProfileSample[];
  readonly sampleCount: number;
  /** Samples of processes that were gone before their map was read. */
  readonly exited: number;
  /** Samples whose stack id had no frames: lost. */
  readonly stackMissing: number;
}

/**
 * Adds up rows from the kernel, by thread and stack. Stacks get their names when they are taken, all at once, which costs
 * a tenth of naming each as it comes; but frames of code that moves as it goes get theirs as they are read.
 */
export class SampleStore {
  readonly #images: ProcessImages;
  readonly #resolver: StackResolver;
  #periodNs: number | undefined;
  readonly #entries = new Map<string, Entry>();
  /** Frames by stack id, from the time they were read until {@link forgetStacks}. */
  readonly #addresses = new Map<bigint, BigUint64Array>();
  /** Those that were there at the last {@link forgetStacks}. */
  #oldStacks = new Set<bigint>();
  /** Of the entries, by stack id; user stacks also by process image, since the same addresses mean other functions there. */
  readonly #kernelStacks = new Map<bigint, Stack>();
  readonly #userStacks = new Map<string, Stack>();
  /** User stacks with frames of code that moves, since the last {@link settle}. */
  readonly #moving = new Set<string>();
  #stackMissing = 0;

  /** @param periodNs what a sample stands for; undefined where each row carries its own duration */
  constructor(images: ProcessImages, resolver: StackResolver, periodNs: number | undefined) {
    this.#images = images;
    this.#resolver = resolver;
    this.#periodNs = periodNs;
  }

  /** What the samples stand for that are added from now on: those before are to be taken first. */
  set periodNs(periodNs: number) {
    this.#periodNs = periodNs;
  }

  addStack(id: bigint, frames: BigUint64Array): void {
    this.#addresses.set(id, frames);
    this.#oldStacks.delete(id);
  }

  /** Rows of one thread and stack add up; negative ones take back what was added too early. */
  add(key: SampleKey, count: number, durationNs: number): void {
    const identity = sampleIdentity(key);
    let entry = this.#entries.get(identity);
    if (entry === undefined) {
      entry = this.#makeEntry(key);
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

  /** To be called after all rows of a read were added: the same addresses may be other functions by the next one. */
  settle(): void {
    for (const identity of this.#moving) this.#userStacks.delete(identity);
    this.#moving.clear();
  }

  /** All that was added since the last call. */
  take(): StoredSamples {
    const samples: ProfileSample[] = [];
    let sampleCount = 0;
    let exited = 0;
    for (const entry of this.#entries.values()) {
      const { process, image, threadId, threadName, kernelStack, userStack, count } = entry;
      const nanoseconds = this.#periodNs === undefined ? entry.durationNs : Math.round(count * this.#periodNs);
      if (count === 0 && nanoseconds === 0) continue;
      sampleCount += count;
      if (image === undefined && userStack !== EMPTY) exited += count;
      kernelStack.frames ??= this.#resolver.kernel(kernelStack.addresses);
      userStack.frames ??= this.#resolver.user(userStack.addresses, image, userStack.moving);
      const stack = [...kernelStack.frames, ...userStack.frames];
      samples.push({ stack, process, threadId, threadName, values: [count, nanoseconds] });
    }
    const taken = { samples, sampleCount, exited, stackMissing: this.#stackMissing };
    this.#entries.clear();
    this.#kernelStacks.clear();
    this.#userStacks.clear();
    this.#moving.clear();
    this.#stackMissing = 0;
    this.#images.forgetEnded();
    return taken;
  }

  /**
   * Lets go of the addresses of all stacks but these and those added since the last call: a row that refers to one of the
   * latter may be on its way.
   */
  forgetStacks(except: ReadonlySet<bigint>): void {
    for (const id of this.#oldStacks) if (!except.has(id)) this.#addresses.delete(id);
    this.#oldStacks = new Set(this.#addresses.keys());
  }

  /** Undefined when the frames of one of its stacks are not there. */
  #makeEntry(key: SampleKey): Entry | undefined {
    const kernelStack = this.#kernelStack(key.kernelStack);
    if (kernelStack === undefined) return undefined;
    const { process, image } = this.#images.get(key.pid, key.imageNs, key.threadName);
    const userStack = this.#userStack(key, image);
    if (userStack === undefined) return undefined;
    const { tid: threadId, threadName } = key;
    return { process, image, threadId, threadName, kernelStack, userStack, count: 0, durationNs: 0 };
  }

  #kernelStack(id: bigint): Stack | undefined {
    if (id === 0n) return EMPTY;
    const known = this.#kernelStacks.get(id);
    if (known !== undefined) return known;
    const addresses = this.#addresses.get(id);
    if (addresses === undefined) return undefined;
    const stack = { addresses, moving: undefined, frames: undefined };
    this.#kernelStacks.set(id, stack);
    return stack;
  }

  #userStack(key: SampleKey, image: ProcessImage | undefined): Stack | undefined {
    const id = key.userStack;
    if (id === 0n) return EMPTY;
    const identity = `${key.pid}/${key.imageNs}/${id}`;
    const known = this.#userStacks.get(identity);
    if (known !== undefined) return known;
    const addresses = this.#addresses.get(id);
    if (addresses === undefined) return undefined;
    const moving = image === undefined ? undefined : this.#resolver.prepareUser(addresses, image);
    if (moving !== undefined) this.#moving.add(identity);
    const stack: Stack = { addresses, moving, frames: undefined };
    this.#userStacks.set(identity, stack);
    return stack;
  }
}
