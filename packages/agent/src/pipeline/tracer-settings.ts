import type { FileTracerOptions } from "@skep/tracers/files";
import type { NetworkTracerOptions } from "@skep/tracers/networking";
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
  readonly network?: NetworkSettings;
}

export interface NetworkSettings extends NetworkTracerOptions {
  /** How many requests a round tells one by one, each some 600 bytes. Default 0: none is. */
  readonly singleRequests?: number;
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
