import {
  joinNetworkSpans,
  markNetworkUse,
  type NetworkSpan,
  networkRowsOf,
  renumberedNetwork,
} from "./network-span.ts";
import type { Rows } from "./rows.ts";
import { COUNT_ROWS, type CountRows, joined, mark } from "./span-rows.ts";
import type { HistoryTables, TableRenumbering, TableUse } from "./tables.ts";

/** Keys: process, stack. */
export type StackRows = Rows<"count" | "nanoseconds">;
export const STACK_ROWS: StackRows["shape"] = { values: ["count", "nanoseconds"], weight: "nanoseconds" };

/** Keys: process, name of the call. With process 0 over all processes. */
export type CallRows = Rows<"calls" | "errors" | "timedCalls" | "totalNs" | "maxNs">;
export const CALL_ROWS: CallRows["shape"] = {
  values: ["calls", "errors", "timedCalls", "totalNs", "maxNs"],
  weight: "calls",
  maxima: ["maxNs"],
};

/** Keys: process, file. */
export type FileRows = Rows<
  "opens" | "reads" | "writes" | "syncs" | "readBytes" | "writtenBytes" | "durationNs" | "errors"
>;
export const FILE_ROWS: FileRows["shape"] = {
  values: ["opens", "reads", "writes", "syncs", "readBytes", "writtenBytes", "durationNs", "errors"],
  weight: "durationNs",
};

/** How the stacks of a span were taken. */
export interface ProfileFacts {
  readonly frequencyHz: number;
  readonly periodNs: number;
  readonly cpuCount: number;
  readonly durationNs: number;
  readonly sampleCount: number;
}

export interface StackSpan {
  readonly facts: ProfileFacts;
  readonly rows: StackRows;
}

export interface CallSpan {
  readonly durationNs: number;
  readonly calls: CallRows;
  readonly processCalls: CallRows;
  /** Keys: name of the call, name of the errno. */
  readonly errors: CountRows;
  /**
   * Keys: name of the call, number of the bucket: log2 of its lower bound in nanoseconds. Empty where latencies were not
   * measured.
   */
  readonly latencies: CountRows;
}

export interface FileSpan {
  readonly durationNs: number;
  readonly rows: FileRows;
}

/** What is kept of a stretch of time: of one round, or of several that became one. Parts whose tracer was off are absent. */
export interface Span {
  readonly startMs: number;
  readonly endMs: number;
  readonly roundCount: number;
  readonly cpu?: StackSpan;
  readonly offCpu?: StackSpan;
  readonly calls?: CallSpan;
  readonly files?: FileSpan;
  readonly network?: NetworkSpan;
  /** Keys: name of the tracer, reason. */
  readonly losses: CountRows;
  /** Keys: name of the tracer, reason. What counts though something about it isn't known. */
  readonly incomplete: CountRows;
}

export function spanBytes(span: Span): number {
  return SPAN_BYTES + rowsOf(span).reduce((sum, rows) => sum + rows.sizeBytes, 0);
}

/** Rows that were folded because there were too many of them. */
export function foldedRows(span: Span): number {
  return rowsOf(span).reduce((sum, rows) => sum + rows.folded, 0);
}

/** Objects and headers of some thirty typed arrays. */
const SPAN_BYTES = 5000;

function rowsOf({ cpu, offCpu, calls, files, network, losses, incomplete }: Span): readonly Rows<string>[] {
  return [
    losses,
    incomplete,
    ...(cpu === undefined ? [] : [cpu.rows]),
    ...(offCpu === undefined ? [] : [offCpu.rows]),
    ...(calls === undefined ? [] : [calls.calls, calls.processCalls, calls.errors, calls.latencies]),
    ...(files === undefined ? [] : [files.rows]),
    ...(network === undefined ? [] : networkRowsOf(network)),
  ];
}

/**
 * Neighbours as one span, with at most so many bytes for stacks, for calls of processes, and for files: what there is
 * most of. Latencies, errors and losses stay whole, since the rare ones matter most.
 */
export function joinSpans(parts: readonly [Span, ...Span[]], tableBytes: number): Span {
  const [first] = parts;
  const calls = parts.flatMap((span) => span.calls ?? []);
  const files = parts.flatMap((span) => span.files ?? []);
  return withoutAbsent({
    startMs: first.startMs,
    endMs: parts.at(-1)?.endMs ?? first.endMs,
    roundCount: parts.reduce((sum, { roundCount }) => sum + roundCount, 0),
    cpu: joinStacks(
      parts.flatMap(({ cpu }) => cpu ?? []),
      tableBytes,
    ),
    offCpu: joinStacks(
      parts.flatMap(({ offCpu }) => offCpu ?? []),
      tableBytes,
    ),
    calls:
      calls.length === 0
        ? undefined
        : {
            durationNs: sumOfDurations(calls),
            calls: joined(CALL_ROWS, calls, "calls"),
            processCalls: joined(CALL_ROWS, calls, "processCalls", tableBytes),
            errors: joined(COUNT_ROWS, calls, "errors"),
            latencies: joined(COUNT_ROWS, calls, "latencies"),
          },
    files:
      files.length === 0
        ? undefined
        : { durationNs: sumOfDurations(files), rows: joined(FILE_ROWS, files, "rows", tableBytes) },
    network: joinNetworkSpans(
      parts.flatMap(({ network }) => network ?? []),
      tableBytes,
    ),
    losses: joined(COUNT_ROWS, parts, "losses"),
    incomplete: joined(COUNT_ROWS, parts, "incomplete"),
  });
}

/** All stacks as those of one span; undefined where there is none. */
export function joinStacks(parts: readonly StackSpan[], tableBytes?: number): StackSpan | undefined {
  const [first, ...others] = parts;
  if (first === undefined) return undefined;
  const facts = joinFacts([first.facts, ...others.map((part) => part.facts)]);
  return { facts, rows: joined(STACK_ROWS, parts, "rows", tableBytes) };
}

function sumOfDurations(parts: readonly { readonly durationNs: number }[]): number {
  return parts.reduce((sum, { durationNs }) => sum + durationNs, 0);
}

/** How it was sampled is taken from the last one. */
function joinFacts(parts: readonly [ProfileFacts, ...ProfileFacts[]]): ProfileFacts {
  return parts.reduce((a, b) => ({
    ...b,
    durationNs: a.durationNs + b.durationNs,
    sampleCount: a.sampleCount + b.sampleCount,
  }));
}

interface MaybeSpan extends Omit<Span, "cpu" | "offCpu" | "calls" | "files" | "network"> {
  readonly cpu: StackSpan | undefined;
  readonly offCpu: StackSpan | undefined;
  readonly calls: CallSpan | undefined;
  readonly files: FileSpan | undefined;
  readonly network: NetworkSpan | undefined;
}

export function withoutAbsent({ cpu, offCpu, calls, files, network, ...span }: MaybeSpan): Span {
  return {
    ...span,
    ...(cpu !== undefined && { cpu }),
    ...(offCpu !== undefined && { offCpu }),
    ...(calls !== undefined && { calls }),
    ...(files !== undefined && { files }),
    ...(network !== undefined && { network }),
  };
}

/** Marks what the span refers to. */
export function markUse({ cpu, offCpu, calls, files, network, losses, incomplete }: Span, use: TableUse): void {
  for (const stacks of [cpu, offCpu]) {
    if (stacks !== undefined) mark(stacks.rows, use.processes, use.stacks);
  }
  if (calls !== undefined) {
    mark(calls.calls, use.processes, use.strings);
    mark(calls.processCalls, use.processes, use.strings);
    mark(calls.errors, use.strings, use.strings);
    mark(calls.latencies, use.strings, undefined);
  }
  if (files !== undefined) mark(files.rows, use.processes, use.files);
  if (network !== undefined) markNetworkUse(network, use);
  mark(losses, use.strings, use.strings);
  mark(incomplete, use.strings, use.strings);
}

/** The span after {@link HistoryTables.keep}. */
export function renumbered(span: Span, renumbering: TableRenumbering): Span {
  const { strings, stacks, processes, files } = renumbering;
  const stackSpan = (part: StackSpan): StackSpan => ({ ...part, rows: part.rows.renumbered(processes, stacks) });
  return {
    ...span,
    ...(span.cpu && { cpu: stackSpan(span.cpu) }),
    ...(span.offCpu && { offCpu: stackSpan(span.offCpu) }),
    ...(span.calls && {
      calls: {
        durationNs: span.calls.durationNs,
        calls: span.calls.calls.renumbered(processes, strings),
        processCalls: span.calls.processCalls.renumbered(processes, strings),
        errors: span.calls.errors.renumbered(strings, strings),
        latencies: span.calls.latencies.renumbered(strings, undefined),
      },
    }),
    ...(span.files && { files: { ...span.files, rows: span.files.rows.renumbered(processes, files) } }),
    ...(span.network && { network: renumberedNetwork(span.network, renumbering) }),
    losses: span.losses.renumbered(strings, strings),
    incomplete: span.incomplete.renumbered(strings, strings),
  };
}
