import type { FileDescriptor } from "../sys/file-descriptor.ts";

/**
 * A program that is attached. Disposing of it detaches the program, and so does the end of this process, however it
 * ends: nothing is pinned.
 */
export class Link implements Disposable {
  /** The way it is attached: `bpf_link`, or an `ioctl` on a perf event where the kernel has no link for it (< 5.15). */
  readonly mechanism: "bpf_link" | "ioctl";
  readonly #descriptors: readonly FileDescriptor[];
  #onDispose: (() => void) | undefined;

  /** @param descriptors the first one is the link's; closed in this order. */
  constructor(mechanism: "bpf_link" | "ioctl", descriptors: readonly FileDescriptor[]) {
    this.mechanism = mechanism;
    this.#descriptors = descriptors;
  }

  /** Descriptor of the link, or of the perf event. It belongs to this object: don't close it. */
  get fd(): number {
    return this.#descriptors[0]?.fd ?? -1;
  }

  /** Calls back when it is disposed of; for the owner that keeps a list. */
  onDispose(callback: () => void): void {
    this.#onDispose = callback;
  }

  [Symbol.dispose](): void {
    for (const descriptor of this.#descriptors) descriptor[Symbol.dispose]();
    this.#onDispose?.();
    this.#onDispose = undefined;
  }
}

/** What the attach functions need of a program. */
export interface AttachableProgram {
  readonly name: string;
  readonly fd: number;
}
