import type { FileOperations, FileReport } from "@skep/tracers/files";
import type { CpuProfile, ProfileSample } from "@skep/tracers/profiling";
import type { SyscallReport, SyscallStatistics } from "@skep/tracers/syscalls";
import type { Round, TracerName } from "../pipeline/round.ts";
import { readNetwork, requestErrors } from "./read-network.ts";
import { RowsBuilder, rowsIn } from "./rows.ts";
import type { SeriesPoint, SeriesValues } from "./series.ts";
import {
  CALL_ROWS,
  type CallSpan,
  FILE_ROWS,
  type FileSpan,
  type Span,
  STACK_ROWS,
  type StackSpan,
  withoutAbsent,
} from "./span.ts";
import { COUNT_ROWS, type CountRows } from "./span-rows.ts";
import type { HistoryTables } from "./tables.ts";

/** What the history keeps of a round, apart from the events of processes. */
export function readRound(round: Round, tables: HistoryTables, tableBytes: number): Span {
  return withoutAbsent({
    ...timesOf(round),
    roundCount: 1,
    cpu: round.cpu && readStacks(round.cpu, tables, tableBytes),
    offCpu: round.offCpu && readStacks(round.offCpu, tables, tableBytes),
    calls: round.syscalls && readCalls(round.syscalls, tables, tableBytes),
    files: round.files && readFiles(round.files, tables, tableBytes),
    network: round.network && readNetwork(round.network, tables, tableBytes),
    losses: readReasons(lossesOf(round), tables),
    incomplete: readReasons(incompleteOf(round), tables),
  });
}

export function readPoint(round: Round): SeriesPoint {
  const { cpu, offCpu, syscalls, files, processes, network, host, self } = round;
  const { requests, connections, packets } = network?.report ?? {};
  const busyShare = host.cpus.reduce((sum, { busyShare: share }) => sum + share, 0);
  const all: Readonly<Record<keyof SeriesValues, number | undefined>> = {
    cpuBusyShare: host.cpus.length === 0 ? undefined : busyShare / host.cpus.length,
    memoryUsedBytes: host.memory.used,
    loadAverage: host.loadAverages[0],
    samples: cpu?.sampleCount,
    onCpuNs: cpu && sumOf(cpu.samples, nanosecondsOf),
    offCpuNs: offCpu && sumOf(offCpu.samples, nanosecondsOf),
    syscalls: syscalls && sumOf(syscalls.syscalls, ({ calls }) => calls),
    syscallErrors: syscalls && sumOf(syscalls.syscalls, errorCount),
    processStarts: processes?.report.starts,
    readBytes: files && sumOf([...files.files, files.unattributed], ({ readBytes }) => readBytes),
    writtenBytes: files && sumOf([...files.files, files.unattributed], ({ writtenBytes }) => writtenBytes),
    requests: requests && requests.unattributedRequests + sumOf(requests.requests, (row) => row.requests),
    requestErrors: requests && sumOf(requests.requests, requestErrors),
    packetDrops: packets && sumOf(packets.drops, ({ buffers }) => buffers),
    connections: connections?.connections.length,
    agentCpuNs: self.cpuUserNs + self.cpuSystemNs,
    bpfRunTimeNs: self.bpfRunTimeNs,
    residentBytes: self.residentBytes,
    mapBytes: self.mapBytes,
    lost: sumOf(lossesOf(round), ([, , count]) => count),
  };
  const measured = Object.entries(all).filter(([, value]) => value !== undefined);
  return { ...timesOf(round), values: Object.fromEntries(measured) };
}

function timesOf({ startUnixNs, endUnixNs }: Round): { readonly startMs: number; readonly endMs: number } {
  return { startMs: Number(startUnixNs) / 1e6, endMs: Number(endUnixNs) / 1e6 };
}

function readStacks(profile: CpuProfile, tables: HistoryTables, tableBytes: number): StackSpan {
  const rows = new RowsBuilder(STACK_ROWS);
  const frames = new Map<ProfileSample["stack"][number], number | undefined>();
  const processes = new Map<ProfileSample["process"], number>();
  const [heavy, light] = heaviest(profile.samples, rowsIn(tableBytes, STACK_ROWS), nanosecondsOf);
  for (const sample of heavy) {
    const stack = sample.stack.map((frame) => cached(frames, frame, () => tables.addFrame(frame)));
    const process = cached(processes, sample.process, () => tables.addProcess(sample.process));
    rows.add(process, tables.addStack(stack), sample.values);
  }
  for (const { process, values } of light) {
    rows.fold(
      cached(processes, process, () => tables.addProcess(process)),
      values,
    );
  }
  const { frequencyHz, period: periodNs, cpuCount, durationNs, sampleCount } = profile;
  return { facts: { frequencyHz, periodNs, cpuCount, durationNs, sampleCount }, rows: rows.build() };
}

function readCalls(report: SyscallReport, tables: HistoryTables, tableBytes: number): CallSpan {
  const calls = new RowsBuilder(CALL_ROWS);
  const processCalls = new RowsBuilder(CALL_ROWS);
  const errors = new RowsBuilder(COUNT_ROWS);
  const latencies = new RowsBuilder(COUNT_ROWS);
  const names = new Map<string, number>();
  const nameOf = (call: SyscallStatistics): number => {
    const name = callName(call);
    return cached(names, name, () => tables.addText(name));
  };
  for (const call of report.syscalls) {
    const name = nameOf(call);
    calls.add(0, name, callValues(call));
    for (const [error, count] of Object.entries(call.errors)) {
      if (count > 0) errors.add(name, tables.addText(error), [count]);
    }
    for (const [lowNs, , count] of call.histogramNs ?? []) latencies.add(name, bucketOf(lowNs), [count]);
  }
  for (const { process, syscalls } of report.processes) {
    const processId = tables.addProcess(process);
    for (const call of syscalls) processCalls.add(processId, nameOf(call), callValues(call));
  }
  return {
    durationNs: report.durationNs,
    calls: calls.build(),
    processCalls: processCalls.build(rowsIn(tableBytes, CALL_ROWS)),
    errors: errors.build(),
    latencies: latencies.build(),
  };
}

/** Log2 of the lower bound; what took less than 2 ns is in bucket 0. */
export function bucketOf(lowNs: number): number {
  return lowNs < 2 ? 0 : Math.floor(Math.log2(lowNs));
}

function callName({ name, compat }: SyscallStatistics): string {
  return compat ? `${name} (32-bit)` : name;
}

function callValues(call: SyscallStatistics): readonly number[] {
  return [call.calls, errorCount(call), call.timedCalls ?? 0, call.totalNs ?? 0, call.maxNs ?? 0];
}

function errorCount({ errors }: { readonly errors: Readonly<Record<string, number>> }): number {
  let sum = 0;
  for (const error in errors) sum += errors[error] ?? 0;
  return sum;
}

function readFiles(report: FileReport, tables: HistoryTables, tableBytes: number): FileSpan {
  const rows = new RowsBuilder(FILE_ROWS);
  const processes = new Map<FileReport["files"][number]["process"], number>();
  const [heavy, light] = heaviest(report.files, rowsIn(tableBytes, FILE_ROWS), durationOf);
  for (const file of heavy) {
    const process = cached(processes, file.process, () => tables.addProcess(file.process));
    rows.add(process, tables.addFile(file), [...operationValues(file), errorCount(file)]);
  }
  for (const file of light) rows.fold(0, [...operationValues(file), errorCount(file)]);
  rows.add(0, 0, [...operationValues(report.unattributed), 0]);
  return { durationNs: report.durationNs, rows: rows.build() };
}

/** In the order of `FILE_ROWS`, up to the errors. */
function operationValues(of: FileOperations): readonly number[] {
  const { opens, reads, writes, syncs, readBytes, writtenBytes } = of;
  return [opens, reads, writes, syncs, readBytes, writtenBytes, durationOf(of)];
}

function durationOf({ openNs, readNs, writeNs, syncNs }: FileOperations): number {
  return openNs + readNs + writeNs + syncNs;
}

/** A number by the name of a tracer and a reason. */
type Reason = readonly [tracer: TracerName, reason: string, count: number];

function readReasons(reasons: readonly Reason[], tables: HistoryTables): CountRows {
  const rows = new RowsBuilder(COUNT_ROWS);
  for (const [tracer, reason, count] of reasons) {
    rows.add(tables.addText(tracer), tables.addText(reason), [count]);
  }
  return rows.build();
}

function lossesOf({ cpu, offCpu, syscalls, processes, files, network }: Round): readonly Reason[] {
  return [
    ...reasonsOf("cpu", cpu?.lost),
    ...reasonsOf("off-cpu", offCpu?.lost),
    ...reasonsOf("syscalls", syscalls?.lost),
    ...reasonsOf("processes", processes?.lost),
    ...reasonsOf("files", files?.lost),
    ...reasonsOf("network", network?.lost),
  ];
}

function incompleteOf({ cpu, offCpu, syscalls, processes, files, network }: Round): readonly Reason[] {
  return [
    ...reasonsOf("cpu", cpu?.incomplete),
    ...reasonsOf("off-cpu", offCpu?.incomplete),
    ...reasonsOf("syscalls", syscalls?.incomplete),
    ...reasonsOf("processes", processes?.report.incomplete),
    ...reasonsOf("files", files?.incomplete),
    ...reasonsOf("network", network?.incomplete),
  ];
}

function reasonsOf(tracer: TracerName, counts: Readonly<Record<string, number>> = {}): readonly Reason[] {
  return Object.entries(counts).flatMap(([reason, count]) => (count > 0 ? [[tracer, reason, count] as const] : []));
}

/** The count comes first, nanoseconds second. */
function nanosecondsOf({ values }: ProfileSample): number {
  return values[1] ?? 0;
}

function sumOf<Item>(items: readonly Item[], value: (item: Item) => number): number {
  return items.reduce((sum, item) => sum + value(item), 0);
}

/** The heaviest ones, and the rest: what is too light to be kept does not enter the tables either. */
function heaviest<Item>(
  items: readonly Item[],
  maximum: number,
  weight: (item: Item) => number,
): readonly [heavy: readonly Item[], light: readonly Item[]] {
  if (items.length <= maximum) return [items, []];
  const ordered = items.toSorted((a, b) => weight(b) - weight(a));
  return [ordered.slice(0, maximum), ordered.slice(maximum)];
}

function cached<Key, Value>(cache: Map<Key, Value>, key: Key, make: () => Value): Value {
  let value = cache.get(key);
  if (value === undefined) {
    value = make();
    cache.set(key, value);
  }
  return value;
}
