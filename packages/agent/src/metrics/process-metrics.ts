import type { ProcessReport } from "@skep/tracers/processes";
import type { MetricDefinition } from "./metric-definition.ts";
import type { MetricRegistry } from "./metric-registry.ts";
import type { MetricResources } from "./metric-resources.ts";

export const PROCESS_START_COUNT: MetricDefinition<never> = {
  name: "linux.process.start.count",
  kind: "counter",
  unit: "{process}",
  description: "Processes that were started by fork, vfork or clone; threads are none.",
  attributes: [],
  of: "host",
  convention: "skep",
};

export const PROCESS_EXEC_COUNT: MetricDefinition<"error.type"> = {
  name: "linux.process.exec.count",
  kind: "counter",
  unit: "{exec}",
  description: "Programs that processes began to run. Those with error.type, the name of the errno, failed.",
  attributes: ["error.type"],
  of: "host",
  convention: "skep",
};

export const PROCESS_EXIT_COUNT: MetricDefinition<"process.exit.code" | "linux.process.exit.signal"> = {
  name: "linux.process.exit.count",
  kind: "counter",
  unit: "{process}",
  description: "Processes that ended, by their exit code, or by the name of the signal that ended them.",
  attributes: ["process.exit.code", "linux.process.exit.signal"],
  of: "host",
  convention: "skep",
};

/** Of the whole machine: a program that starts others by the thousand would need as many series. Who it was is in the logs. */
export function recordProcesses(registry: MetricRegistry, report: ProcessReport, { host }: MetricResources): void {
  registry.number(PROCESS_START_COUNT).add(host, report.starts);
  const execs = registry.number(PROCESS_EXEC_COUNT);
  execs.add(host, report.execs);
  for (const [error, count] of Object.entries(report.execFailures)) execs.add(host, count, { "error.type": error });
  const exits = registry.number(PROCESS_EXIT_COUNT);
  for (const [code, count] of Object.entries(report.exits.codes)) {
    exits.add(host, count, { "process.exit.code": Number(code) });
  }
  for (const [signal, count] of Object.entries(report.exits.signals)) {
    exits.add(host, count, { "linux.process.exit.signal": signal });
  }
}
