import type { SymbolizedFrame } from "@skep/symbols";
import type { TracedProcess } from "../traced-process.ts";

/** Where the CPU time went, or for what time was spent off the CPU, in plain data. */
export interface CpuProfile {
  readonly mode: ProfileMode;
  /** Start of the time that the profile covers, in nanoseconds since 1970. */
  readonly timeUnixNs: bigint;
  readonly durationNs: number;
  /** Samples per second and CPU. */
  readonly frequencyHz: number;
  /** What was sampled; undefined off the CPU, where every interval is measured. */
  readonly event: SamplingEvent | undefined;
  /** CPUs that were looked at, at the end. */
  readonly cpuCount: number;
  /** The count first, then nanoseconds: the order of {@link ProfileSample.values}. */
  readonly sampleTypes: readonly ValueType[];
  readonly periodType: ValueType;
  /** Nanoseconds that a sample stands for; 1 off the CPU. */
  readonly period: number;
  readonly defaultSampleType: string;
  readonly samples: readonly ProfileSample[];
  /** Sum of all counts: samples, or intervals off the CPU. */
  readonly sampleCount: number;
  /** Samples that were seen but are not in the profile, by reason. */
  readonly lost: Readonly<Record<LossReason, number>>;
  /** Samples that are in the profile, though their stack isn't whole, by reason. */
  readonly incomplete: Readonly<Record<IncompleteReason, number>>;
}

export type ProfileMode = "on-cpu" | "off-cpu";

/** `cycles` where the machine has a PMU, else `cpu-clock`, a timer that only runs while the CPU is busy. */
export type SamplingEvent = "cycles" | "cpu-clock";

/**
 * - `countsFull`: more distinct threads and stacks between two reads than there is room for
 * - `stacksFull`: more distinct stacks than there is room for
 * - `blockedFull`: more threads off the CPU at once than there is room for
 * - `stackMissing`: a sample whose frames could not be read back
 */
export type LossReason = "countsFull" | "stacksFull" | "blockedFull" | "stackMissing";

/**
 * - `truncated`: the stack is deeper than 127 frames; the outermost are cut off
 * - `exited`: the process was gone before its memory map could be read; its own frames have no names
 * - `blockedBeforeStart`: the thread was off the CPU before the run began; its own frames were not seen
 * - `childrenNotFollowed`: processes started by a target that found no room in the filter
 */
export type IncompleteReason = "truncated" | "exited" | "blockedBeforeStart" | "childrenNotFollowed";

export interface ValueType {
  readonly type: string;
  readonly unit: string;
}

export interface ProfileSample {
  /** Leaf first. Frames are shared: the same object is the same place. */
  readonly stack: readonly SymbolizedFrame[];
  /** One value per sample type. */
  readonly values: readonly number[];
  /** Shared by all samples of one process image. */
  readonly process: TracedProcess;
  readonly threadId: number;
  readonly threadName: string;
}
