import { type Encoding, encodeMessage } from "../encoding/encode.ts";
import type { Signal } from "../model/signal.ts";
import { describeLogs } from "./describe.ts";
import type { ResourceLogs } from "./log-record.ts";

export type { Encoding } from "../encoding/encode.ts";
export { type AnyValue, type Attributes, DoubleValue } from "../model/attributes.ts";
export type { Resource, Scope } from "../model/resource.ts";
export type { Signal } from "../model/signal.ts";
export type { LogRecord, ResourceLogs, ScopeLogs } from "./log-record.ts";

/** The signal of log records. */
export const logs: Signal<readonly ResourceLogs[]> = {
  name: "logs",
  httpPath: "v1/logs",
  grpcPath: "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
  itemName: "log records",
  describe: describeLogs,
  itemCount: (resources) => {
    let count = 0;
    for (const { scopes } of resources) for (const { records } of scopes) count += records.length;
    return count;
  },
};

/**
 * The body of an export request: `ExportLogsServiceRequest`.
 *
 * @throws OtlpError of code `invalid-data` for an id or a number that OTLP cannot say.
 */
export function encodeLogs(resources: readonly ResourceLogs[], encoding: Encoding = "protobuf"): Uint8Array {
  return encodeMessage(describeLogs, resources, encoding);
}
