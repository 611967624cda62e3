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

/** What is added up over processes, to find out what of the totals is of none of them. */
interface Sum {
  calls: number;
  readonly errors: Map<string, number>;
  totalNs: number;
  readonly histogramNs: Map<number, number>;
}

export function recordSyscalls(registry: MetricRegistry, report: SyscallReport, resources: MetricResources): void {
  const sums = new Map<string, Sum>();
  for (const { process, syscalls } of report.processes) {
    const resource = resources.of(process);
    for (const statistics of syscalls) {
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

function record(registry: MetricRegistry, resource: TelemetryResource, statistics: SyscallStatistics): void {
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

function keyOf({ name, compat }: SyscallStatistics): string {
  return compat ? `${name} compat` : name;
}

function addTo(sums: Map<string, Sum>, statistics: SyscallStatistics): void {
  const key = keyOf(statistics);
  let sum = sums.get(key);
  if (sum === undefined) {
    sum = { calls: 0, errors: new Map(), totalNs: 0, histogramNs: new Map() };
    sums.set(key, sum);
  }
  sum.calls += statistics.calls;
  sum.totalNs += statistics.totalNs ?? 0;
  for (const error in statistics.errors) addCount(sum.errors, error, statistics.errors[error] ?? 0);
  for (const [low, , count] of statistics.histogramNs ?? []) addCount(sum.histogramNs, low, count);
}

function addCount<Key>(counts: Map<Key, number>, key: Key, count: number): void {
  counts.set(key, (counts.get(key) ?? 0) + count);
}

/** What of the totals is in no sum over processes. */
function remainder(total: SyscallStatistics, sum: Sum | undefined): SyscallStatistics {
  if (sum === undefined) return total;
  const errors: Record<string, number> = {};
  for (const error in total.errors) {
    const rest = (total.errors[error] ?? 0) - (sum.errors.get(error) ?? 0);
    if (rest > 0) errors[error] = rest;
  }
  const histogramNs = total.histogramNs
    ?.map(([low, high, count]): Log2Bucket => [low, high, count - (sum.histogramNs.get(low) ?? 0)])
    .filter(([, , count]) => count > 0);
  return {
    ...total,
    calls: total.calls - sum.calls,
    errors,
    ...(total.totalNs !== undefined && { totalNs: total.totalNs - sum.totalNs }),
    ...(histogramNs !== undefined && { histogramNs }),
  };
}
