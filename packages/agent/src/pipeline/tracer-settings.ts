import type { FileTracerOptions } from "@skep/tracers/files";
import type { ProcessTracerOptions } from "@skep/tracers/processes";
import type { CpuProfilerOptions } from "@skep/tracers/profiling";
import type { SyscallTracerOptions } from "@skep/tracers/syscalls";
import type { TracerName } from "./round.ts";

/** The options of each tracer that is to run. */
export interface TracerSettings {
  readonly cpu?: Omit<CpuProfilerOptions, "mode">;
  readonly "off-cpu"?: Omit<CpuProfilerOptions, "mode" | "frequencyHz">;
  readonly syscalls?: SyscallTracerOptions;
  readonly processes?: ProcessTracerOptions;
  readonly files?: FileTracerOptions;
}

export type SettingsOf<Name extends TracerName> = NonNullable<TracerSettings[Name]>;

/** What a tracer shall do from now on. */
export interface TracerChange<Name extends TracerName = TracerName> {
  /** Undefined: it is taken off. */
  readonly settings: SettingsOf<Name> | undefined;
  /** Why it does less than it was configured to, as a sentence without a full stop. Absent: it does all of it. */
  readonly reason?: string;
  /** What one observation stands for with these settings. Default 1. */
  readonly samplingFactor?: number;
}
