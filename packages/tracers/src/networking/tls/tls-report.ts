import type { TlsLibraryName } from "./tls-functions.ts";

export interface TlsOptions {
  /**
   * How often a second a process may come upon the probes, each of which costs it 2 to 5 us: above that the files that it
   * uses are let go. A request takes some 10 of them. Defaults to 20,000; Infinity for no bound.
   */
  readonly maxHitsPerSecond?: number;
  /** Time between two looks for new processes and libraries. Defaults to 1,000. */
  readonly intervalMs?: number;
}

/**
 * - `attached`: what goes through it is seen
 * - `too busy`: a process came upon it more often than `maxHitsPerSecond`, so it was let go, for all processes
 * - `failed`: it cannot be attached to
 */
export type TlsFileState = "attached" | "too busy" | "failed";

/** An executable or library that has the functions of a TLS library. */
export interface TlsFile {
  /** As its process sees it, who may be in a container. */
  readonly path: string;
  readonly library: TlsLibraryName;
  readonly state: TlsFileState;
  /** Why it is not attached. */
  readonly problem?: string;
  /** The first process that was seen to use it, where one was. */
  readonly pid?: number;
  /** That are looked at. */
  readonly functions: readonly string[];
}

export interface TlsReport {
  readonly files: readonly TlsFile[];
  /** How often processes came upon the probes, since the start: what it costs them. */
  readonly hits: number;
  /** Sessions that moved data, those of which the connection was found, and those that seemed to have several. */
  readonly sessions: number;
  readonly sessionsKnown: number;
  readonly conflicts: number;
  /** Calls that could not be followed, so that a stream has a hole. */
  readonly callsLost: number;
  /** Processes whose files were let go since they came upon the probes too often. */
  readonly tooBusy: number;
}

export const DEFAULT_MAX_HITS_PER_SECOND = 20_000;
export const DEFAULT_INTERVAL_MS = 1_000;
