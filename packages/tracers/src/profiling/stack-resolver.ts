import type { ProcessImage, SymbolizedFrame, Symbolizer } from "@skep/symbols";
import type { ProfileMode } from "./profile.ts";

/** Stands for all frames of a process that was gone before its memory map could be read. */
export const EXITED_FRAME: SymbolizedFrame = {
  name: "[exited]",
  address: 0n,
  mapping: { name: "[exited]", path: "[exited]", startAddress: 0n, limitAddress: 0n, fileOffset: 0n },
  kind: "native",
  symbolized: false,
};

/**
 * What lies on top of every stack that ends in a switch: the program itself, what called it, and the scheduler. The frame
 * below says what the thread waits for.
 */
const SWITCH_FRAME = /^(bpf_|__bpf_|trace_|__traceiter_|perf_trace_|\[bpf\]|arch_bpf_|(__|preempt_)?schedule$)/;

/** Of generated code, by their place in a stack. */
export type MovingFrames = ReadonlyMap<number, SymbolizedFrame>;

type FrameSymbolizer = Pick<Symbolizer, "resolveKernel" | "resolveUser" | "prepareUser">;

/** From frames as addresses to frames with names. Return addresses are looked up one byte earlier: in the call. */
export class StackResolver {
  readonly #symbolizer: FrameSymbolizer;
  readonly #mode: ProfileMode;

  constructor(symbolizer: FrameSymbolizer, mode: ProfileMode) {
    this.#symbolizer = symbolizer;
    this.#mode = mode;
  }

  /** @param addresses leaf first */
  kernel(addresses: BigUint64Array): readonly SymbolizedFrame[] {
    // A sampled leaf is where the CPU was; a tracepoint's leaf is already a return address.
    const sampled = this.#mode === "on-cpu";
    const frames: SymbolizedFrame[] = [];
    for (const [index, address] of addresses.entries()) {
      const frame = this.#symbolizer.resolveKernel(address, { isReturnAddress: index > 0 || !sampled });
      if (!sampled && frames.length === 0 && SWITCH_FRAME.test(frame.name)) continue;
      frames.push(frame);
    }
    return frames;
  }

  /**
   * To be called while the process lives, or at least soon: says that {@link user} will be asked for this stack.
   *
   * @returns the frames that have to be named now, since their code moves, by their index; undefined where there are none
   */
  prepareUser(addresses: BigUint64Array, image: ProcessImage): MovingFrames | undefined {
    let moving: Map<number, SymbolizedFrame> | undefined;
    for (const [index, address] of addresses.entries()) {
      const options = { isReturnAddress: index > 0 };
      if (!this.#symbolizer.prepareUser(image, address, options)) continue;
      moving ??= new Map();
      moving.set(index, this.#symbolizer.resolveUser(image, address, options));
    }
    return moving;
  }

  /**
   * @param addresses leaf first
   * @param moving what {@link prepareUser} gave
   */
  user(addresses: BigUint64Array, image: ProcessImage | undefined, moving?: MovingFrames): readonly SymbolizedFrame[] {
    if (image === undefined) return [EXITED_FRAME];
    const frames: SymbolizedFrame[] = [];
    for (const [index, address] of addresses.entries()) {
      const options = { isReturnAddress: index > 0 };
      frames.push(moving?.get(index) ?? this.#symbolizer.resolveUser(image, address, options));
    }
    return withoutBrokenEnd(frames);
  }
}

/**
 * Code built without frame pointers uses that register for anything, and the walk goes astray: its last return addresses
 * lie outside of all code. The outermost function of a thread never does, so what lies there was never called.
 */
function withoutBrokenEnd(frames: SymbolizedFrame[]): SymbolizedFrame[] {
  const isNowhere = (frame: SymbolizedFrame | undefined): boolean => frame?.mapping.path === "[unknown]";
  while (frames.length > 1 && isNowhere(frames.at(-1))) frames.pop();
  return frames;
}
