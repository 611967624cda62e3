/**
 * Reads the rows of the kernel half's tables. The layouts are those of `struct sample_key`, `sample_value` and `stack`
 * in profile.bpf.c; they are read with a DataView at fixed offsets, since a run takes thousands of rows a second.
 *
 * ```
 * sample_key    0             8           16         24    28    32
 *               | kernel_stack | user_stack | image_ns | pid | tid | thread_name ... 48
 * sample_value  0       8
 *               | count | duration_ns | 16
 * blocked       0            48         56
 *               | sample_key | since_ns |
 * stack         0       4   8
 *               | depth | - | frames, leaf first ... 1024
 * ```
 */

import { readCounter, readName } from "../kernel-values.ts";

export const SAMPLE_KEY_BYTES = 48;
export const SAMPLE_VALUE_BYTES = 16;
export const BLOCKED_BYTES: number = SAMPLE_KEY_BYTES + 8;
export const MAX_FRAMES = 127;
export const STACK_BYTES: number = 8 + MAX_FRAMES * 8;

/** Which thread, and on which stacks. */
export interface SampleKey {
  /** Key of the stack in its table; 0n where there is none. */
  readonly kernelStack: bigint;
  readonly userStack: bigint;
  /** Names, with the pid, the image of the process: when it was first sampled. */
  readonly imageNs: bigint;
  readonly pid: number;
  readonly tid: number;
  readonly threadName: string;
}

export function readSampleKey(view: DataView, offset: number): SampleKey {
  return {
    kernelStack: view.getBigUint64(offset, true),
    userStack: view.getBigUint64(offset + 8, true),
    imageNs: view.getBigUint64(offset + 16, true),
    pid: view.getUint32(offset + 24, true),
    tid: view.getUint32(offset + 28, true),
    threadName: readName(view, offset + 32),
  };
}

export function readSampleValue(view: DataView, offset: number): { count: number; durationNs: number } {
  return { count: readCounter(view, offset), durationNs: readCounter(view, offset + 8) };
}

/** A thread off the CPU: whose time it is, and since when by CLOCK_MONOTONIC. */
export function readBlocked(view: DataView, offset: number): { key: SampleKey; sinceNs: bigint } {
  return { key: readSampleKey(view, offset), sinceNs: view.getBigUint64(offset + SAMPLE_KEY_BYTES, true) };
}

/** Frames of a stack, leaf first. */
export function readFrames(view: DataView, offset: number): BigUint64Array {
  const depth = Math.min(view.getUint32(offset, true), MAX_FRAMES);
  const frames = new BigUint64Array(depth);
  for (let index = 0; index < depth; index++) frames[index] = view.getBigUint64(offset + 8 + index * 8, true);
  return frames;
}

/** Text that tells apart what the key tells apart. */
export function sampleIdentity(key: SampleKey): string {
  return `${key.pid}/${key.imageNs}/${key.tid}/${key.kernelStack}/${key.userStack}/${key.threadName}`;
}
