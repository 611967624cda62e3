import type { TelemetryResource } from "../resources/telemetry-resource.ts";
import type { MetricDefinition } from "./metric-definition.ts";

export type AttributeValue = string | number | boolean;

export type SeriesAttributes<Attribute extends string = string> = { readonly [Name in Attribute]?: AttributeValue };

/** One line in a chart: what a metric says of one resource and one choice of attributes. */
export interface Series<Value> {
  readonly resource: TelemetryResource;
  readonly attributes: SeriesAttributes;
  /** When it began to add up. */
  readonly startUnixNs: bigint;
  value: Value;
}

/** By the specification of OpenTelemetry's SDKs (specification/metrics/sdk.md, overflow attribute). */
const OVERFLOW_ATTRIBUTES = { "otel.metric.overflow": true } as const;

/**
 * The series of one metric, never more than a limit. What would need one more goes into the overflow series, so that
 * the sum over all series stays exact.
 */
export class SeriesTable<Value> {
  readonly definition: MetricDefinition;
  readonly #limit: number;
  readonly #overflowResource: TelemetryResource;
  readonly #create: () => Value;
  readonly #byResource = new Map<TelemetryResource, Map<string, Series<Value>>>();
  #size = 0;
  #overflow: Series<Value> | undefined;
  #overflowCount = 0;

  /**
   * @param limit of all series, the one for the overflow included
   * @param overflowResource whose series that one is
   */
  constructor(definition: MetricDefinition, limit: number, overflowResource: TelemetryResource, create: () => Value) {
    this.definition = definition;
    this.#limit = limit;
    this.#overflowResource = overflowResource;
    this.#create = create;
  }

  /** How many series there are. */
  get size(): number {
    return this.#size + (this.#overflow === undefined ? 0 : 1);
  }

  /** How many measurements went into the overflow series. */
  get overflowCount(): number {
    return this.#overflowCount;
  }

  /** Those of one resource follow each other; the overflow comes last. */
  *all(): Iterable<Series<Value>> {
    for (const ofResource of this.#byResource.values()) yield* ofResource.values();
    if (this.#overflow !== undefined) yield this.#overflow;
  }

  /** The series of these attributes; where there is none yet, it starts at `startUnixNs`. */
  series(resource: TelemetryResource, attributes: SeriesAttributes, startUnixNs: bigint): Series<Value> {
    let key = "";
    for (const name of this.definition.attributes) key += `${attributes[name] ?? ""}\0`;
    const known = this.#byResource.get(resource)?.get(key);
    if (known !== undefined) return known;
    if (this.#size >= this.#limit - 1) return this.#overflowSeries(startUnixNs);
    const series = { resource, attributes, startUnixNs, value: this.#create() };
    const ofResource = this.#byResource.get(resource);
    if (ofResource === undefined) this.#byResource.set(resource, new Map([[key, series]]));
    else ofResource.set(key, series);
    this.#size += 1;
    return series;
  }

  /** Ends all series of a resource. If it comes back, they start anew. */
  forget(resource: TelemetryResource): void {
    this.#size -= this.#byResource.get(resource)?.size ?? 0;
    this.#byResource.delete(resource);
  }

  #overflowSeries(startUnixNs: bigint): Series<Value> {
    this.#overflowCount += 1;
    this.#overflow ??= {
      resource: this.#overflowResource,
      attributes: OVERFLOW_ATTRIBUTES,
      startUnixNs,
      value: this.#create(),
    };
    return this.#overflow;
  }
}
