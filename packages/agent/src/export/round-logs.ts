import type { LogRecord, ResourceLogs, Scope } from "@skep/otlp/logs";
import type { TracedProcess } from "@skep/tracers";
import type { Round } from "../pipeline/round.ts";
import type { TelemetryResource } from "../resources/telemetry-resource.ts";
import { slowOperationRecord } from "./file-logs.ts";
import { type ProcessLogOptions, processRecord } from "./process-logs.ts";

export interface RoundLogs extends ResourceLogs {
  readonly resource: TelemetryResource;
}

/** The single events of a round as log records, by resource. */
export function roundLogs(
  { processes, slowOperations = [] }: Round,
  resourceOf: (process: TracedProcess) => TelemetryResource,
  scope: Scope,
  options: ProcessLogOptions = {},
): RoundLogs[] {
  const recordsByResource = new Map<TelemetryResource, LogRecord[]>();
  const add = (process: TracedProcess, record: LogRecord) => {
    const resource = resourceOf(process);
    const records = recordsByResource.get(resource);
    if (records === undefined) recordsByResource.set(resource, [record]);
    else records.push(record);
  };
  for (const event of processes?.events ?? []) {
    if (event.kind !== "start") add(event, processRecord(event, options));
  }
  for (const operation of slowOperations) add(operation.process, slowOperationRecord(operation));
  return Array.from(recordsByResource, ([resource, records]) => ({ resource, scopes: [{ scope, records }] }));
}
