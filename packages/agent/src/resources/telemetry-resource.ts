import type { Attributes } from "@skep/otlp/metrics";

/** Whom telemetry is about. The same object for the same attributes: it can be compared, and be a key. */
export interface TelemetryResource {
  /** With those of the machine, as OTLP has it. */
  readonly attributes: Attributes;
  /** Without those of the machine, which whoever scrapes it knows. None for the machine and for Skep themselves. */
  readonly ownAttributes: ResourceAttributes;
  /** Version of the semantic conventions that the names are of. */
  readonly schemaUrl: string;
}

export type ResourceAttributes = Readonly<Record<string, string | number>>;

export const SCHEMA_URL = "https://opentelemetry.io/schemas/1.45.0";
