import type { Attributes } from "../model/attributes.ts";
import type { Resource, Scope } from "../model/resource.ts";

/** The spans of one resource. */
export interface ResourceSpans {
  readonly resource: Resource;
  readonly scopes: readonly ScopeSpans[];
}

export interface ScopeSpans {
  readonly scope: Scope;
  readonly spans: readonly Span[];
}

/** One operation of a trace. Times are nanoseconds since the Unix epoch. */
export interface Span {
  /** 32 lowercase hex digits. */
  readonly traceId: string;
  /** 16 lowercase hex digits. */
  readonly spanId: string;
  /** Absent for the root of a trace. */
  readonly parentSpanId?: string;
  /** The W3C `tracestate` header. */
  readonly traceState?: string;
  /**
   * Bits 0-7: W3C trace flags. Bit 8: it is known whether the parent is remote; bit 9: it is
   * (trace.proto, `SpanFlags`).
   */
  readonly flags?: number;
  readonly name: string;
  readonly kind: SpanKind;
  readonly startTimeUnixNs: bigint;
  readonly endTimeUnixNs: bigint;
  readonly attributes?: Attributes;
  readonly droppedAttributesCount?: number;
  readonly events?: readonly SpanEvent[];
  readonly droppedEventsCount?: number;
  readonly links?: readonly SpanLink[];
  readonly droppedLinksCount?: number;
  readonly status?: SpanStatus;
}

export type SpanKind = "internal" | "server" | "client" | "producer" | "consumer";

export interface SpanEvent {
  readonly timeUnixNs: bigint;
  readonly name: string;
  readonly attributes?: Attributes;
  readonly droppedAttributesCount?: number;
}

/** Another span that this one has to do with, in the same trace or another one. */
export interface SpanLink {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceState?: string;
  readonly attributes?: Attributes;
  readonly droppedAttributesCount?: number;
  readonly flags?: number;
}

export interface SpanStatus {
  readonly code: "unset" | "ok" | "error";
  /** For people; goes with `error`. */
  readonly message?: string;
}
