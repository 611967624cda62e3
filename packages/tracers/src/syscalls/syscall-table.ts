/**
 * Reads the rows of the kernel half's tables. The layouts are those of the structs of syscalls.bpf.c; they are read with
 * a DataView at fixed offsets, since a busy machine gives thousands of rows a second.
 *
 * ```
 * call_key         0     4         8      10    12
 *                  | pid | started | call | cpu |
 * error_key        0          12      16
 *                  | call_key | error |
 * durations        0       8          16       24
 *                  | calls | total_ns | max_ns | u32 histogram[48] ... 216
 * front_count      0          12  16      24
 *                  | call_key | - | calls |
 * front_durations  0          12  16          232
 *                  | call_key | - | durations |
 * process_key      0     4         8
 *                  | pid | started |
 * call_under_way   0      4     8          16            24
 *                  | call | tid | since_ns | process_key |
 * ```
 */

import { readCounter } from "../kernel-values.ts";

export const CALL_KEY_BYTES = 12;
export const ERROR_KEY_BYTES = 16;
export const DURATIONS_BYTES = 216;
export const FRONT_COUNT_BYTES = 24;
export const FRONT_DURATIONS_BYTES = 232;
/** Where a row of the front tables has its numbers, behind its key. */
export const FRONT_VALUE_OFFSET = 16;
export const PROCESS_KEY_BYTES = 8;
export const PROCESS_NAME_BYTES = 16;
export const CALL_UNDER_WAY_BYTES = 24;
export const COUNT_BYTES = 8;
export const BUCKETS = 48;

/** One process for ever: its pid, and when it started. */
export interface ProcessKey {
  readonly pid: number;
  /** Units of 2^24 ns after boot. */
  readonly started: number;
}

export interface CallKey extends ProcessKey {
  /** Id of the call, see kernel/syscall.h. */
  readonly call: number;
}

/** What was added up for one process, call and CPU. */
export interface CallSums {
  readonly calls: number;
  readonly totalNs: number;
  readonly maxNs: number;
  /** Calls by the log2 of their nanoseconds; empty ones left out. */
  readonly histogram: Counts;
}

/**
 * Keys, each once, and behind each its count. Most calls of most processes have one or two; there are thousands of these,
 * and a `Map` takes ten times the memory.
 */
export type Counts = readonly number[];

export function readProcessKey(view: DataView, offset: number): ProcessKey {
  return { pid: view.getUint32(offset, true), started: view.getUint32(offset + 4, true) };
}

export function readCallKey(view: DataView, offset: number): CallKey {
  return { ...readProcessKey(view, offset), call: view.getUint16(offset + 8, true) };
}

export function readErrorKey(view: DataView, offset: number): CallKey & { readonly error: number } {
  return { ...readCallKey(view, offset), error: view.getUint32(offset + CALL_KEY_BYTES, true) };
}

export function readDurations(view: DataView, offset: number): CallSums {
  const histogram: number[] = [];
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const calls = view.getUint32(offset + 24 + bucket * 4, true);
    if (calls > 0) histogram.push(bucket, calls);
  }
  return {
    calls: readCounter(view, offset),
    totalNs: readCounter(view, offset + 8),
    maxNs: readCounter(view, offset + 16),
    histogram,
  };
}

/** The call that a thread is in; undefined of a slot that is free. */
export function readCallUnderWay(view: DataView, offset: number): CallKey | undefined {
  if (view.getUint32(offset + 4, true) === 0) return undefined;
  return { ...readProcessKey(view, offset + 16), call: view.getUint32(offset, true) };
}
