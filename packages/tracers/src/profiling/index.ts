export { CpuProfiler } from "./cpu-profiler.ts";
export type {
  CpuProfile,
  IncompleteReason,
  LossReason,
  ProfileMode,
  ProfileSample,
  SamplingEvent,
  ValueType,
} from "./profile.ts";
export {
  assertFrequency,
  type CpuProfilerOptions,
  DEFAULT_FREQUENCY_HZ,
  maximumSampleRateHz,
} from "./profiler-options.ts";
