import type { Overhead } from "@skep/tracers";
import type { Round, TracerName } from "./round.ts";
import type { SettingsOf } from "./tracer-settings.ts";

/** The reports of a round, of which each tracer fills in its own. */
export type RoundReports = Pick<
  Round,
  "cpu" | "offCpu" | "syscalls" | "files" | "slowOperations" | "processes" | "network"
>;

/** What a tracer tells of the time since it was asked before. */
export interface Observation {
  readonly reports: RoundReports;
  /**
   * What its kernel half saw since it was started. Where it does not count that by itself, it is what was delivered and
   * lost: absent.
   */
  readonly seen?: number;
  /** What its kernel half saw and its report holds. */
  readonly delivered: number;
  /** What its kernel half saw and its report lacks, by reason. */
  readonly lost: Readonly<Record<string, number>>;
  /** By what means of the kernel it works, where it tells. */
  readonly rung?: string;
}

/** A tracer at work, as the pipeline sees it: all of them look the same. */
export interface RunningTracer<Name extends TracerName = TracerName> extends AsyncDisposable {
  /** What of it did not start here, and why, as a sentence without a full stop. Absent: all of it runs. */
  readonly shortcoming?: string;
  observe(): Promise<Observation>;
  /** Observes, and goes on with other settings. Undefined, or absent, where that takes a new start. */
  continueWith?(settings: SettingsOf<Name>): Promise<Observation> | undefined;
  /** Detaches. What was counted can still be observed. */
  stop(): void;
  overhead(): Overhead;
}

/** Sum of counts by reason. */
export function sumOf(counts: Readonly<Record<string, number>>): number {
  let sum = 0;
  for (const name in counts) sum += counts[name] ?? 0;
  return sum;
}

/** Adds counts by reason to others. */
export function addCounts(totals: Record<string, number>, counts: Readonly<Record<string, number>>): void {
  for (const name in counts) totals[name] = (totals[name] ?? 0) + (counts[name] ?? 0);
}
