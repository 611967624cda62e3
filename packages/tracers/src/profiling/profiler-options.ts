import { readFileSync } from "node:fs";
import { BpfError } from "@skep/ebpf";
import type { TargetOptions } from "../filters/target-options.ts";
import type { ProfileMode } from "./profile.ts";

export interface CpuProfilerOptions extends TargetOptions {
  /** `on-cpu` (the default) samples what runs; `off-cpu` measures how long threads wait, and where. */
  readonly mode?: ProfileMode;
  /**
   * Samples per second and CPU, from 1 to `kernel.perf_event_max_sample_rate`. Defaults to 99: not in step with timers
   * that fire 100 times a second. Of no meaning off the CPU, where every interval is measured.
   */
  readonly frequencyHz?: number;
  /** Sizes of the kernel's tables, in entries; for tests of what happens when they are full. */
  readonly tableSizes?: Partial<Pick<TableSizes, "counts" | "stacks" | "blocked">>;
}

export const DEFAULT_FREQUENCY_HZ = 99;

/** @throws BpfError `invalid-argument` for a frequency that this kernel does not sample at */
export function assertFrequency(frequencyHz: number, maximumHz: number = maximumSampleRateHz()): void {
  if (Number.isInteger(frequencyHz) && frequencyHz >= 1 && frequencyHz <= maximumHz) return;
  throw new BpfError("invalid-argument", `cannot sample at ${frequencyHz} Hz`, {
    hint: `give a whole number from 1 to ${maximumHz}, which is kernel.perf_event_max_sample_rate here`,
  });
}

/** `kernel.perf_event_max_sample_rate`: above it perf_event_open() refuses. The kernel lowers it by itself under load. */
export function maximumSampleRateHz(): number {
  return Number(readFileSync("/proc/sys/kernel/perf_event_max_sample_rate", "latin1"));
}

/** How large the kernel's tables are, and how often they have to be emptied so that they don't fill up. */
export interface TableSizes {
  /** Distinct threads with stacks between two reads. */
  readonly counts: number;
  /** Distinct stacks between two reads. 1 KiB each, twice. */
  readonly stacks: number;
  /** Threads off the CPU at the same time. */
  readonly blocked: number;
  readonly readIntervalMs: number;
}

const MAXIMUM_STACKS = 4096;
const MINIMUM_READ_INTERVAL_MS = 100;
const MAXIMUM_READ_INTERVAL_MS = 1000;
/** A read comes late when the machine is busy, and that is when a profiler is used. */
const SLACK = 1.5;

/** On the CPU the worst case is known: every sample a new stack in the kernel and a new one in the program. */
export function onCpuTableSizes(cpuCount: number, frequencyHz: number): TableSizes {
  const stacksPerMs = (2 * cpuCount * frequencyHz * SLACK) / 1000;
  const stacks = Math.min(Math.max(Math.ceil(stacksPerMs * MAXIMUM_READ_INTERVAL_MS), 256), MAXIMUM_STACKS);
  const readIntervalMs = Math.floor(stacks / stacksPerMs);
  return {
    stacks,
    counts: stacks,
    blocked: 1,
    readIntervalMs: Math.min(Math.max(readIntervalMs, MINIMUM_READ_INTERVAL_MS), MAXIMUM_READ_INTERVAL_MS),
  };
}

/** Off the CPU it isn't: threads x places where they wait. What finds no room is counted. */
export function offCpuTableSizes(threadCount: number): TableSizes {
  return { stacks: MAXIMUM_STACKS, counts: 2 * MAXIMUM_STACKS, blocked: 1024 + 2 * threadCount, readIntervalMs: 500 };
}

/** Threads on the machine: the number after the slash in /proc/loadavg. */
export function threadCount(loadavg: string = readFileSync("/proc/loadavg", "latin1")): number {
  return Number(/\/(\d+) /.exec(loadavg)?.[1] ?? 0);
}
