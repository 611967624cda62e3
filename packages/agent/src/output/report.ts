import type { Profile } from "@skep/otlp/pprof";

/** A profile and how it was taken: what every sink of this folder reads. */
export interface ProfileReport extends Profile {
  readonly mode: "on-cpu" | "off-cpu";
  /** Samples per second on each CPU; means nothing in off-CPU mode. */
  readonly frequencyHz: number;
  /** On-CPU: samples taken; off-CPU: waits that were seen. */
  readonly sampleCount: number;
  readonly cpuCount: number;
  /** What was seen but not delivered: counts by reason. */
  readonly lost: Readonly<Record<string, number>>;
  /** What counts though a part of its stack is missing: counts by reason. */
  readonly incomplete?: Readonly<Record<string, number>>;
  /** What was profiled, in words: `process 4242`. Absent: the whole machine. */
  readonly subject?: string;
}

/** What functions are compared by: samples on the CPU, nanoseconds off it. */
export type ReportUnit = "samples" | "nanoseconds";

export function reportUnit(report: ProfileReport): ReportUnit {
  return report.mode === "on-cpu" ? "samples" : "nanoseconds";
}

/** The index in `ProfileSample.values` of what {@link reportUnit} names. */
export function reportValueIndex(report: ProfileReport): number {
  const unit = report.mode === "on-cpu" ? "count" : "nanoseconds";
  const index = report.sampleTypes.findIndex((sampleType) => sampleType.unit === unit);
  if (index < 0) throw new RangeError(`the profile has no values in ${unit}`);
  return index;
}
