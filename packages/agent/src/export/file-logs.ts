import type { LogRecord } from "@skep/otlp/logs";
import type { SlowOperation } from "@skep/tracers/files";

/** Name of the event; docs/telemetry.md lists its attributes. */
export const SLOW_OPERATION_EVENT = "linux.file.slow_operation";

/** Severity number of OpenTelemetry's log data model. */
const WARN = 13;

/** An operation on a file that took longer than was asked for. */
export function slowOperationRecord(operation: SlowOperation): LogRecord {
  const { process, path, durationNs, call, error } = operation;
  const outcome = error === undefined ? "took" : `failed with ${error} after`;
  return {
    timeUnixNs: operation.timeUnixNs,
    eventName: SLOW_OPERATION_EVENT,
    severityNumber: WARN,
    body: `${call} of ${path} by ${process.name} (${process.pid}) ${outcome} ${(durationNs / 1e6).toFixed(1)} ms`,
    attributes: {
      "process.pid": process.pid,
      "file.path": path,
      "linux.file.operation": operation.operation,
      "linux.file.type": operation.type,
      "system.filesystem.type": operation.fileSystem === "" ? undefined : operation.fileSystem,
      "linux.syscall.name": call,
      "linux.file.duration_ns": durationNs,
      "linux.file.bytes": operation.bytes,
      "linux.file.offset": operation.offset,
      "error.type": error,
    },
  };
}
