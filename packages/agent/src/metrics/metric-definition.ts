/** What a metric is called and means. The same words go into OTLP, into the text for Prometheus and into the documentation. */
export interface MetricDefinition<Attribute extends string = string> {
  readonly name: string;
  readonly kind: MetricKind;
  readonly unit: MetricUnit;
  readonly description: string;
  /** Names of the attributes that its points may have; a point leaves out those that do not apply. */
  readonly attributes: readonly Attribute[];
  /** Of which resource it is: of each program (or process, or container), of the machine, or of Skep itself. */
  readonly of: "program" | "host" | "agent";
  /**
   * Who chose the name: OpenTelemetry's semantic conventions, the Collector's host metrics, or Skep where neither has one.
   * `older`: the semantic conventions before it had the name that it has now; told only where somebody asks for it.
   */
  readonly convention: "semconv" | "collector" | "skep" | "older";
}

/**
 * - `counter`: adds up, never falls
 * - `up-down-counter`: an amount that may be added up over its attributes
 * - `gauge`: a value that may not
 * - `histogram`: a distribution, in buckets whose bounds are powers of two, or of its eighth root where the unit is seconds or milliseconds
 */
export type MetricKind = "counter" | "up-down-counter" | "gauge" | "histogram";

/** UCUM; what is in braces is an annotation, and counts. */
export type MetricUnit = "s" | "ms" | "ns" | "By" | "1" | `{${string}}`;

/** Whether the metric's values are whole numbers. */
export function isWhole({ unit, kind }: MetricDefinition): boolean {
  return kind !== "gauge" && unit !== "s" && unit !== "ms" && unit !== "1";
}
