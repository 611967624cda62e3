import type { Attributes, Context, LogRecord } from "@opentelemetry/api";
import type { RoundLogs } from "../export/round-logs.ts";
import { hrTime } from "./hr-time.ts";

/** The records as a `Logger` of the API takes them. Whom one is about stands in its attributes. */
export function* apiLogRecords(resources: readonly RoundLogs[]): Generator<LogRecord> {
  for (const { resource, scopes } of resources) {
    for (const { records } of scopes) for (const record of records) yield apiLogRecord(resource.ownAttributes, record);
  }
}

function apiLogRecord(
  ownAttributes: Attributes,
  { timeUnixNs, eventName, severityNumber, body, attributes }: RoundLogs["scopes"][number]["records"][number],
): LogRecord {
  return {
    context: NO_SPAN,
    body,
    attributes: withoutUndefined({ ...ownAttributes, ...attributes }),
    ...(timeUnixNs !== undefined && { timestamp: hrTime(timeUnixNs) }),
    ...(eventName !== undefined && { eventName }),
    ...(severityNumber !== undefined && { severityNumber }),
  };
}

function withoutUndefined(attributes: Attributes): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));
}

function contextOf(values: ReadonlyMap<symbol, unknown>): Context {
  return {
    getValue: (key) => values.get(key),
    setValue: (key, value) => contextOf(new Map(values).set(key, value)),
    deleteValue: (key) => contextOf(new Map([...values].filter(([other]) => other !== key))),
  };
}

/** Without it a record would belong to whatever span the program was in when it started the tracers. */
const NO_SPAN: Context = contextOf(new Map());
