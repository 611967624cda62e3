import type { AnyValue, Attributes } from "../model/attributes.ts";
import type { Resource, Scope } from "../model/resource.ts";

/** The log records of one resource. */
export interface ResourceLogs {
  readonly resource: Resource;
  readonly scopes: readonly ScopeLogs[];
}

export interface ScopeLogs {
  readonly scope: Scope;
  readonly records: readonly LogRecord[];
}

/** One event. Times are nanoseconds since the Unix epoch. */
export interface LogRecord {
  /** When it happened, where that is known. */
  readonly timeUnixNs?: bigint;
  /** When it was seen. */
  readonly observedTimeUnixNs?: bigint;
  /** 1-4 trace, 5-8 debug, 9-12 info, 13-16 warn, 17-20 error, 21-24 fatal. */
  readonly severityNumber?: number;
  /** The severity as its source named it. */
  readonly severityText?: string;
  /** Names what kind of event this is; all events of one name have the same attributes. */
  readonly eventName?: string;
  readonly body?: AnyValue;
  readonly attributes?: Attributes;
  readonly droppedAttributesCount?: number;
  /** Bits 0-7: W3C trace flags. */
  readonly flags?: number;
  /** 32 lowercase hex digits. */
  readonly traceId?: string;
  /** 16 lowercase hex digits; goes with `traceId`. */
  readonly spanId?: string;
}
