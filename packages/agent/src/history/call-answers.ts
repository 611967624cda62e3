import type { CallingProcess, CallRow, HeatMap } from "./answers.ts";
import { joinRows, RowsBuilder } from "./rows.ts";
import { CALL_ROWS, type CallRows, type CallSpan, type Span } from "./span.ts";
import { COUNT_ROWS, type CountRows } from "./span-rows.ts";
import type { HistoryTables } from "./tables.ts";

const MAXIMUM_PROCESSES = 500;

/** System calls of all processes, or of one: the most frequent first. */
export function callRows(
  tables: HistoryTables,
  spans: readonly CallSpan[],
  pid: number | undefined,
): readonly CallRow[] {
  return pid === undefined ? callsOfAll(tables, spans) : callsOfOne(tables, spans, pid);
}

function callsOfAll(tables: HistoryTables, spans: readonly CallSpan[]): readonly CallRow[] {
  const joined = (part: "errors" | "latencies") =>
    byFirst(
      joinRows(
        COUNT_ROWS,
        spans.map((span) => span[part]),
      ),
    );
  const errors = joined("errors");
  const latencies = joined("latencies");
  const calls = joinRows(
    CALL_ROWS,
    spans.map((span) => span.calls),
  );
  return mostCallsFirst(calls, (call, { calls, errors: errorCount, timedCalls, totalNs, maxNs }) => {
    const buckets = latencies.get(call);
    return {
      name: callName(tables, call),
      calls,
      errors: errorCount,
      errorsByName: Object.fromEntries(
        (errors.get(call) ?? [])
          .toSorted(([, a], [, b]) => b - a)
          .map(([error, count]) => [tables.printable(error) || "other", count]),
      ),
      ...(buckets !== undefined && {
        timedCalls,
        totalNs,
        maxNs,
        medianBelowNs: quantileBelowNs(buckets, 0.5),
        p99BelowNs: quantileBelowNs(buckets, 0.99),
      }),
    };
  });
}

function callsOfOne(tables: HistoryTables, spans: readonly CallSpan[], pid: number): readonly CallRow[] {
  const calls = new RowsBuilder(CALL_ROWS);
  for (const { processCalls } of spans) {
    processCalls.each((process, call, { calls: count, errors, timedCalls, totalNs, maxNs }) => {
      if (tables.pidOf(process) === pid) calls.add(0, call, [count, errors, timedCalls, totalNs, maxNs]);
    });
  }
  const isTimed = spans.some(({ latencies }) => latencies.size > 0);
  return mostCallsFirst(calls.build(), (call, { calls, errors, timedCalls, totalNs, maxNs }) => ({
    name: callName(tables, call),
    calls,
    errors,
    ...(isTimed && { timedCalls, totalNs, maxNs }),
  }));
}

/** Which processes call, the busiest first. */
export function callingProcesses(tables: HistoryTables, spans: readonly CallSpan[]): readonly CallingProcess[] {
  const processes = new RowsBuilder(CALL_ROWS);
  for (const { processCalls } of spans) {
    processCalls.each((process, _, { calls, errors }) => {
      processes.add(0, process, [calls, errors, 0, 0, 0]);
    });
  }
  return mostCallsFirst(processes.build(), (process, { calls, errors }) => ({
    process: tables.process(process),
    calls,
    errors,
  })).slice(0, MAXIMUM_PROCESSES);
}

/** How long calls took over time: of one, or of all. Undefined where it was not measured. */
export function heatMapOf(
  tables: HistoryTables,
  spans: readonly Span[],
  name: string | undefined,
): HeatMap | undefined {
  // The name of a call that never was is not in the table; no row has the number that stands for it here.
  const call = name === undefined ? undefined : (tables.strings.find(name) ?? -1);
  const bucketsBySpan = spans.map(({ calls }) => (calls === undefined ? [] : bucketsOf(calls.latencies, call)));
  const used = bucketsBySpan.flatMap((buckets) => buckets.map(([bucket]) => bucket));
  if (used.length === 0) return undefined;
  const lowestBucket = Math.min(...used);
  const bucketCount = Math.max(...used) - lowestBucket + 1;
  return {
    columns: spans.map(({ startMs, endMs }) => ({ fromMs: startMs, toMs: endMs })),
    lowestBucket,
    counts: bucketsBySpan.map((buckets) => {
      const counts = Array.from({ length: bucketCount }, () => 0);
      for (const [bucket, count] of buckets) counts[bucket - lowestBucket] = count;
      return counts;
    }),
  };
}

type Count = readonly [key: number, count: number];

function bucketsOf(latencies: CountRows, call: number | undefined): readonly Count[] {
  const buckets = new RowsBuilder(COUNT_ROWS);
  latencies.each((of, bucket, { count }) => {
    if (call === undefined || of === call) buckets.add(0, bucket, [count]);
  });
  return byFirst(buckets.build()).get(0) ?? [];
}

/** The least power of two that the share of the calls is below. */
function quantileBelowNs(buckets: readonly Count[], share: number): number {
  const ascending = buckets.toSorted(([a], [b]) => a - b);
  const wanted = share * ascending.reduce((sum, [, count]) => sum + count, 0);
  let seen = 0;
  for (const [bucket, count] of ascending) {
    seen += count;
    if (seen >= wanted) return 2 ** (bucket + 1);
  }
  throw new RangeError("there are no calls to take a share of");
}

function callName(tables: HistoryTables, call: number): string {
  return call === 0 ? "other calls" : tables.printable(call);
}

function mostCallsFirst<Row extends { readonly calls: number }>(
  rows: CallRows,
  make: (key: number, values: Readonly<Record<CallRows["shape"]["values"][number], number>>) => Row,
): readonly Row[] {
  const made: Row[] = [];
  rows.each((_, key, values) => {
    made.push(make(key, values));
  });
  return made.sort((a, b) => b.calls - a.calls);
}

function byFirst(rows: CountRows): ReadonlyMap<number, readonly Count[]> {
  const counts = new Map<number, Count[]>();
  rows.each((first, second, { count }) => {
    const list = counts.get(first) ?? [];
    counts.set(first, list);
    list.push([second, count]);
  });
  return counts;
}
