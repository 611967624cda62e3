import type { SyscallReport, SyscallStatistics } from "@skep/tracers/syscalls";
import type { TelemetryResource } from "../resources/telemetry-resource.ts";
import type { Log2Bucket } from "./log2-histogram.ts";
import type { MetricDefinition } from "./metric-definition.ts";
import type { MetricRegistry } from "./metric-registry.ts";
import type { MetricResources } from "./metric-resources.ts";

export const SYSCALL_COUNT: MetricDefinition<"linux.syscall.name" | "linux.syscall.compat" | "error.type"> = {
  name: "linux.syscall.count",
  kind: "counter",
  unit: "{call}",
  description: "System calls that returned. Those without error.type succeeded; error.type is the name of the errno.",
  attributes: ["linux.syscall.name", "linux.syscall.compat", "error.type"],
  of: "program",
  convention: "skep",
};

export const SYSCALL_DURATION: MetricDefinition<"linux.syscall.name" | "linux.syscall.compat"> = {
  name: "linux.syscall.duration",
  kind: "histogram",
  unit: "ns",
  description: "Time from entry to return of the system calls for which both were seen.",
  attributes: ["linux.syscall.name", "linux.syscall.compat"],
  of: "program",
  convention: "skep",
};

/** What of a call goes into metrics. */
type CallStatistics = Pick<SyscallStatistics, "name" | "compat" | "calls" | "errors" | "totalNs" | "histogramNs">;

/** One call, added up over processes. */
interface Sum {
  readonly name: string;
  readonly compat: boolean;
  calls: number;
  readonly errors: Record<string, number>;
  totalNs: number;
  /** By the lower bound of each bucket. */
  readonly histogramNs: Map<number, { readonly high: number; count: number }>;
}

/** By name, see {@link keyOf}. */
type Sums = Map<string, Sum>;

/**
 * Adds a report's calls to the series of the processes' resources. Many processes have the same one, those of one program
 * say: their calls are added up before a series is looked for, as there are thousands of rows a round.
 */
export function recordSyscalls(registry: MetricRegistry, report: SyscallReport, resources: MetricResources): void {
  const sumsOfResources = new Map<TelemetryResource, Sums>();
  for (const { process, syscalls } of report.processes) {
    const resource = resources.of(process);
    let sums = sumsOfResources.get(resource);
    if (sums === undefined) {
      sums = new Map();
      sumsOfResources.set(resource, sums);
    }
    for (const statistics of syscalls) addTo(sums, statistics);
  }
  const sums: Sums = new Map();
  for (const [resource, ofResource] of sumsOfResources) {
    for (const sum of ofResource.values()) {
      const statistics = statisticsOf(sum);
      record(registry, resource, statistics);
      addTo(sums, statistics);
    }
  }
  // Calls that the tracer could not attribute to a process are in its totals alone. They happened on this machine.
  for (const statistics of report.syscalls) {
    const rest = remainder(statistics, sums.get(keyOf(statistics)));
    if (rest.calls > 0) record(registry, resources.host, rest);
  }
}

function record(registry: MetricRegistry, resource: TelemetryResource, statistics: CallStatistics): void {
  const { name, compat, calls, errors, totalNs = 0, histogramNs = [] } = statistics;
  const attributes = { "linux.syscall.name": name, ...(compat && { "linux.syscall.compat": true }) };
  const counter = registry.number(SYSCALL_COUNT);
  let succeeded = calls;
  for (const error in errors) {
    const failed = errors[error] ?? 0;
    succeeded -= failed;
    counter.add(resource, failed, { ...attributes, "error.type": error });
  }
  counter.add(resource, succeeded, attributes);
  if (histogramNs.length > 0) registry.histogram(SYSCALL_DURATION).add(resource, histogramNs, totalNs, attributes);
}

function keyOf({ name, compat }: CallStatistics): string {
  return compat ? `${name} compat` : name;
}

function addTo(sums: Sums, statistics: CallStatistics): void {
  const key = keyOf(statistics);
  let sum = sums.get(key);
  if (sum === undefined) {
    const { name, compat } = statistics;
    sum = { name, compat, calls: 0, errors: {}, totalNs: 0, histogramNs: new Map() };
    sums.set(key, sum);
  }
  sum.calls += statistics.calls;
  sum.totalNs += statistics.totalNs ?? 0;
  for (const error in statistics.errors) {
    sum.errors[error] = (sum.errors[error] ?? 0) + (statistics.errors[error] ?? 0);
  }
  for (const [low, high, count] of statistics.histogramNs ?? []) {
    const bucket = sum.histogramNs.get(low);
    if (bucket === undefined) sum.histogramNs.set(low, { high, count });
    else bucket.count += count;
  }
}

function statisticsOf({ name, compat, calls, errors, totalNs, histogramNs }: Sum): CallStatistics {
  const buckets = Array.from(histogramNs, ([low, { high, count }]): Log2Bucket => [low, high, count]);
  return { name, compat, calls, errors, totalNs, histogramNs: buckets };
}

/** What of the totals is in no sum over processes. */
function remainder(total: SyscallStatistics, sum: Sum | undefined): CallStatistics {
  if (sum === undefined) return total;
  const errors: Record<string, number> = {};
  for (const error in total.errors) {
    const rest = (total.errors[error] ?? 0) - (sum.errors[error] ?? 0);
    if (rest > 0) errors[error] = rest;
  }
  const histogramNs = total.histogramNs
    ?.map(([low, high, count]): Log2Bucket => [low, high, count - (sum.histogramNs.get(low)?.count ?? 0)])
    .filter(([, , count]) => count > 0);
  return {
    ...total,
    calls: total.calls - sum.calls,
    errors,
    ...(total.totalNs !== undefined && { totalNs: total.totalNs - sum.totalNs }),
    ...(histogramNs !== undefined && { histogramNs }),
  };
}
