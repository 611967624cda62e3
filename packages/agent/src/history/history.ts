import type { TlsReport } from "@skep/tracers/networking";
import type { Round, RoundReader, TracerState } from "../pipeline/round.ts";
import { ProcessLog } from "./process-log.ts";
import { readPoint, readRound } from "./read-round.ts";
import { Series, type SeriesPoint } from "./series.ts";
import { foldedRows, joinSpans, markUse, renumbered, type Span, spanBytes } from "./span.ts";
import { HistoryTables } from "./tables.ts";

export interface HistoryOptions {
  /** How far back it goes, where the bound allows. Default: 15 minutes. */
  readonly retentionMs?: number;
  /** Of all that it keeps. At least 1 MB; default: 6 MB. */
  readonly limitBytes?: number;
}

/** Times in milliseconds since 1970; a span belongs to the range that its middle is in. */
export interface TimeRange {
  readonly fromMs: number;
  readonly toMs: number;
}

/** What the history holds, and what of it is less than it was. */
export interface HistoryExtent {
  readonly fromMs: number;
  readonly toMs: number;
  readonly retentionMs: number;
  readonly limitBytes: number;
  readonly sizeBytes: number;
  readonly roundCount: number;
  /** Fewer than rounds where older ones were joined to save memory. */
  readonly spanCount: number;
  /** Before this only the curves are left, for lack of memory. Absent: details reach back as far as the curves do. */
  readonly detailsFromMs?: number;
  /** Rows, of stacks say, that were too many for one span and light enough to be added up as one. */
  readonly foldedRows: number;
  /** Rounds of which not every name and stack found room: what didn't is counted as "other". */
  readonly cutRounds: number;
  /** Events of processes that made room for newer ones before their time. */
  readonly forgottenEvents: number;
}

/** What is of interest only as it is now. */
export type LatestSamples = Pick<Round, "host" | "self" | "tracers"> & {
  /** Absent where TLS is not looked at. */
  readonly tls?: TlsReport;
};

const MEGABYTE = 1_000_000;
/** Of the states that tracers were in. */
const MAXIMUM_CHANGES = 100;
/** A second's interval over 15 minutes, and some. 144 kB. */
const SERIES_POINTS = 1024;
/** Joining spans beyond this would leave too little to choose from. */
const COARSEST_SPAN_MS = 60_000;
/** Shares of the memory. What is left is for the curves. */
const SHARES = { tables: 0.7, rows: 0.2, log: 0.08 };
/** Room is made from here on, before anything has to be left out. */
const NEARLY_FULL = 0.8;
/** What stacks, files, or calls of processes of a single span may take of the memory for rows. */
const TABLE_OF_SPAN_SHARE = 1 / 50;
/** What spans that became coarser keep of it. */
const COARSE_SHARE = 1 / 4;

/**
 * The last minutes of rounds in bounded memory: what the page, its API and pprof answer from.
 *
 * Near its bound it first joins old spans into coarser ones, then drops the details of the oldest; the curves stay.
 * What a single round brings is bounded too: many light rows become one, and names that find no room become "other".
 * Sums stay what they were through all of it, except of what is dropped, and {@link History.extent} says so.
 */
export class History implements RoundReader {
  readonly name = "the history";
  readonly tables: HistoryTables;
  readonly log: ProcessLog;
  readonly #series = new Series(SERIES_POINTS);
  readonly #retentionMs: number;
  readonly #limitBytes: number;
  readonly #rowLimitBytes: number;
  readonly #tableBytes: number;
  readonly #listeners = new Set<(round: Round, point: SeriesPoint) => void>();
  #spans: Span[] = [];
  #latest: LatestSamples | undefined;
  #detailsFromMs: number | undefined;
  #changes: TracerState[] = [];
  #cutRounds = 0;

  constructor({ retentionMs = 15 * 60_000, limitBytes = 6 * MEGABYTE }: HistoryOptions = {}) {
    if (!(limitBytes >= MEGABYTE)) throw new RangeError(`the history needs at least 1 MB, not ${limitBytes} bytes`);
    this.#retentionMs = retentionMs;
    this.#limitBytes = limitBytes;
    const available = limitBytes - this.#series.sizeBytes;
    this.tables = new HistoryTables(available * SHARES.tables);
    this.log = new ProcessLog(available * SHARES.log, this.tables);
    this.#rowLimitBytes = available * SHARES.rows;
    this.#tableBytes = this.#rowLimitBytes * TABLE_OF_SPAN_SHARE;
  }

  read(round: Round): void {
    const point = readPoint(round);
    this.#series.add(point);
    const span = this.#readWhole(round);
    this.#spans.push(span);
    for (const event of round.processes?.events ?? []) this.log.add(event);
    this.#noteChanges(round.tracers);
    const tls = round.network?.report.tls;
    this.#latest = { host: round.host, self: round.self, tracers: round.tracers, ...(tls !== undefined && { tls }) };
    this.#dropBefore(point.endMs - this.#retentionMs);
    this.#makeRoom();
    for (const listener of this.#listeners) listener(round, point);
  }

  /** Calls the listener after each round, until it is disposed of. */
  onRound(listener: (round: Round, point: SeriesPoint) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }

  /** Each state that a tracer was in since the start, the last ones, oldest first. */
  get changes(): readonly TracerState[] {
    return this.#changes;
  }

  get latest(): LatestSamples | undefined {
    return this.#latest;
  }

  /** What it holds; undefined before the first round. */
  get extent(): HistoryExtent | undefined {
    const points = [...this.#series.points()];
    const [first, last] = [points.at(0), points.at(-1)];
    if (first === undefined || last === undefined) return undefined;
    return {
      fromMs: first.startMs,
      toMs: last.endMs,
      retentionMs: this.#retentionMs,
      limitBytes: this.#limitBytes,
      sizeBytes: this.sizeBytes,
      roundCount: this.#spans.reduce((sum, { roundCount }) => sum + roundCount, 0),
      spanCount: this.#spans.length,
      ...(this.#detailsFromMs !== undefined &&
        this.#detailsFromMs > first.startMs && { detailsFromMs: this.#detailsFromMs }),
      foldedRows: this.#spans.reduce((sum, span) => sum + foldedRows(span), 0),
      cutRounds: this.#cutRounds,
      forgottenEvents: this.log.forgotten,
    };
  }

  get sizeBytes(): number {
    return this.tables.sizeBytes + this.log.sizeBytes + this.#series.sizeBytes + this.#rowBytes;
  }

  /** The range, where it is not given the last minute, and what of it the history knows. */
  range({ fromMs, toMs }: Partial<TimeRange>): TimeRange {
    const to = toMs ?? this.extent?.toMs ?? 0;
    return { fromMs: fromMs ?? to - 60_000, toMs: to };
  }

  points(range: TimeRange): readonly SeriesPoint[] {
    return [...this.#series.points()].filter((point) => isIn(point, range));
  }

  spans(range: TimeRange): readonly Span[] {
    return this.#spans.filter((span) => isIn(span, range));
  }

  #noteChanges(tracers: readonly TracerState[]): void {
    for (const state of tracers) {
      const last = this.#changes.findLast(({ name }) => name === state.name);
      const isNew = last === undefined || last.state !== state.state || last.reason !== state.reason;
      if (isNew || last.samplingFactor !== state.samplingFactor) this.#changes.push(state);
    }
    this.#changes = this.#changes.slice(-MAXIMUM_CHANGES);
  }

  get #rowBytes(): number {
    return this.#spans.reduce((sum, span) => sum + spanBytes(span), 0);
  }

  #dropBefore(timeMs: number): void {
    this.#series.dropBefore(timeMs);
    this.log.dropBefore(timeMs);
    this.#spans = this.#spans.filter(({ endMs }) => endMs > timeMs);
  }

  get #isNearlyFull(): boolean {
    return this.#rowBytes > this.#rowLimitBytes * NEARLY_FULL || this.tables.fullness > NEARLY_FULL;
  }

  /** Reads the newest round, which matters more than older ones: they make room where it finds none beside them. */
  #readWhole(round: Round): Span {
    for (let attempt = 0; ; attempt++) {
      const { refused } = this.tables;
      const span = readRound(round, this.tables, this.#tableBytes);
      const isWhole = this.tables.refused === refused;
      if (isWhole || this.#spans.length === 0) {
        if (!isWhole) this.#cutRounds++;
        return span;
      }
      if (attempt === 0) this.#coarsen(this.#spans.length);
      else this.#dropOldest(Math.ceil(this.#spans.length / 4));
    }
  }

  /**
   * Forgetting what nothing refers to any more may do. If not, spans become coarser, in time and in detail, the older
   * half first; then the oldest are dropped.
   */
  #makeRoom(): void {
    if (!this.#isNearlyFull) return;
    this.#compact();
    for (const share of [0.5, 0.9]) {
      if (!this.#isNearlyFull) return;
      this.#coarsen(Math.floor(this.#spans.length * share));
    }
    while (this.#isNearlyFull && this.#spans.length > 1) this.#dropOldest(Math.ceil(this.#spans.length / 8));
  }

  #dropOldest(count: number): void {
    this.#detailsFromMs = this.#spans.splice(0, count).at(-1)?.endMs;
    this.#compact();
  }

  /** Joins neighbours among the oldest, and keeps only the heavier rows of all of them. */
  #coarsen(count: number): void {
    const tableBytes = this.#tableBytes * COARSE_SHARE;
    const joined: Span[] = [];
    for (const span of this.#spans.slice(0, count)) {
      const previous = joined.at(-1);
      // Only spans of about the same size: else the oldest would be joined with each one that follows.
      const isPair = previous !== undefined && previous.roundCount <= span.roundCount;
      if (previous !== undefined && isPair && span.endMs - previous.startMs <= COARSEST_SPAN_MS) {
        joined[joined.length - 1] = joinSpans([previous, span], tableBytes);
      } else {
        joined.push(joinSpans([span], tableBytes));
      }
    }
    this.#spans.splice(0, count, ...joined);
    this.#compact();
  }

  #compact(): void {
    const use = this.tables.unused();
    for (const span of this.#spans) markUse(span, use);
    this.log.markUse(use);
    const renumbering = this.tables.keep(use);
    this.#spans = this.#spans.map((span) => renumbered(span, renumbering));
    this.log.renumber(renumbering);
  }
}

function isIn({ startMs, endMs }: { readonly startMs: number; readonly endMs: number }, range: TimeRange): boolean {
  const middleMs = (startMs + endMs) / 2;
  return middleMs >= range.fromMs && middleMs < range.toMs;
}
